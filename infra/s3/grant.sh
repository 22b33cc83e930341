#!/bin/sh
# What each account may do in the bucket of the compose file's own S3 server; everything else is refused, but to the administrator, whose key is S3_KEY.
# Nobody but the workers and the report service comes near what is closed. May be repeated: secrets and rights are then these.
# Needs curl (7.75 or newer), S3=http://host:port/bucket, S3_KEY, S3_SECRET, and S3_SECRET_… of each account. docs/run-a-cluster.md says the same for other stores.
set -eu
: "${S3:?the bucket, http://host:port/bucket}" "${S3_KEY:?key of the administrator}" "${S3_SECRET:?its secret}"
server=${S3%/*} bucket=${S3##*/}

config=$(mktemp) body=$(mktemp) answer=$(mktemp)
trap 'rm -f "$config" "$body" "$answer"' EXIT
# On a command line others could read it.
printf 'user = "%s:%s"\n' "$S3_KEY" "$S3_SECRET" >"$config"
# as_admin METHOD URL: sends what comes in; says the status.
as_admin() {
  cat >"$body"
  curl --silent --show-error --config "$config" --aws-sigv4 aws:amz:us-east-1:s3 --output "$answer" --write-out '%{http_code}' \
    --request "$1" --data-binary "@$body" --header "x-amz-content-sha256: $(sha256sum "$body" | cut -d' ' -f1)" "$2"
}
# expect WHAT STATUS…: ends if the answer was none of these.
expect() {
  what=$1 said=$2
  shift 2
  for status in "$@"; do [ "$said" = "$status" ] && return; done
  echo "grant: $what: $said $(cat "$answer")" >&2
  exit 1
}

# account NAME SECRET
account() {
  said=$(printf '<Account><Access>%s</Access><Secret>%s</Secret><Role>user</Role></Account>' "$1" "$2" | as_admin PATCH "$server/create-user")
  expect "account $1" "$said" 201 409
  [ "$said" = 201 ] && return
  # It is there already, maybe with another secret.
  said=$(printf '<MutableProps><Secret>%s</Secret></MutableProps>' "$2" | as_admin PATCH "$server/update-user?access=$1")
  expect "account $1" "$said" 200
}
account ingest "${S3_SECRET_INGEST:?}"
account clock "${S3_SECRET_CLOCK:?}"
account drop "${S3_SECRET_DROP:?}"
account aggregate "${S3_SECRET_AGGREGATE:?}"
account report "${S3_SECRET_REPORT:?}"

statements=
# allow ACCOUNT,… ACTION,… KEY…
allow() {
  accounts=$1 actions=$2
  shift 2
  keys=
  for key in "$@"; do keys="$keys,\"arn:aws:s3:::$bucket/$key\""; done
  state "$accounts" "$actions" "${keys#,}"
}
# state ACCOUNT,… ACTION,… RESOURCES [CONDITION]
state() {
  statements="$statements,{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"$(echo "$1" | sed 's/,/","/g')\"]},\"Action\":[\"s3:$(echo "$2" | sed 's/,/","s3:/g')\"],\"Resource\":[$3]${4:+,\"Condition\":$4}}"
}
everybody=ingest,clock,drop,aggregate,report
state aggregate,report ListBucket "\"arn:aws:s3:::$bucket\""
state ingest,clock,drop ListBucket "\"arn:aws:s3:::$bucket\"" '{"StringLike":{"s3:prefix":"open/*"}}'
allow $everybody GetObject 'open/*'
# Whoever is first marks the store's format, and tries out whether the store overwrites.
allow $everybody PutObject 'open/store-format/*' 'open/.probe/*'
allow $everybody DeleteObject 'open/.probe/*'
allow aggregate PutObject 'open/archive/*'
allow aggregate GetObject,PutObject,DeleteObject 'closed/*'
allow report PutObject 'open/reports/*' 'open/folds/*' 'open/archive/*' 'open/cuts/*' 'open/due/*' 'open/deliveries/*'
allow report DeleteObject 'open/folds/*'
allow report GetObject,PutObject 'closed/reports/*' 'closed/folds/*' 'closed/due/*' 'closed/deliveries/*'
allow report GetObject 'closed/cancelled/*'
allow report DeleteObject 'closed/folds/*'
allow report PutObject,DeleteObject 'closed/.probe/*'

said=$(printf '{"Version":"2012-10-17","Statement":[%s]}' "${statements#,}" | as_admin PUT "$S3?policy=")
expect "the rights in $bucket" "$said" 200 204
echo "granted: what each account may do in $bucket"
