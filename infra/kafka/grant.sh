#!/bin/sh
# What each account may do on Kafka; everything else is refused, but to `admin`, which publishes protocols and hands out tokens.
#   grant.sh          on the topics that all trials share
#   grant.sh TRIAL…   on a trial's own, once it is published
#   grant.sh TRIAL/N… on those of the N-th edition of its log, before `holdfast rewrite` makes them
# Nobody but the workers, the report service and the administrator comes near what is closed (*.tallies.closed, *.audit; tokens: the door alone).
# Needs Kafka's kafka-acls.sh on the path, KAFKA=host:port,… and KAFKA_PASSWORD_ADMIN. May be repeated. KAFKA_CONFIG names a file with how to log in instead.
set -eu
: "${KAFKA:?the brokers, host:port,...}"
config=${KAFKA_CONFIG:-}
if [ -z "$config" ]; then
  : "${KAFKA_PASSWORD_ADMIN:?the password of the account admin}"
  config=$(mktemp)
  trap 'rm -f "$config"' EXIT
  cat >"$config" <<END
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="$KAFKA_PASSWORD_ADMIN";
END
fi

# allow ACCOUNT,… OPERATION,… --topic NAME…
allow() {
  accounts=$1 operations=$2
  shift 2
  for account in $(echo "$accounts" | tr , ' '); do set -- "$@" --allow-principal "User:$account"; done
  for operation in $(echo "$operations" | tr , ' '); do set -- "$@" --operation "$operation"; done
  kafka-acls.sh --bootstrap-server "$KAFKA" --command-config "$config" --add "$@" >/dev/null
}
# A topic is recognised by its settings, so who uses one must be able to read these.
read=Read,Describe,DescribeConfigs
write=Write,Describe,DescribeConfigs

if [ $# -eq 0 ]; then
  allow ingest,drop,clock,aggregate,report,reader $read --topic protocols
  allow ingest $read --topic tokens
  allow ingest,drop $write,Create --topic rejected
  echo "granted: the topics that all trials share"
fi
for named in "$@"; do
  trial=${named%%/*} edition=
  case $named in */*) edition=.r${named#*/} ;; esac
  allow aggregate,clock,drop,report,reader $read --topic "$trial.events$edition"
  allow ingest,drop $write --topic "$trial.events$edition" --topic "$trial.rejected$edition"
  allow clock Write --topic "$trial.events$edition"
  allow aggregate $read,Write --topic "$trial.tallies.open$edition" --topic "$trial.tallies.closed$edition"
  # The clock asks them for the day that was turned last, where that lies far back in the log.
  allow clock,reader $read --topic "$trial.tallies.open$edition"
  # It makes cuts of what is due (marks, audit), and whether numbers by arm may be shown is told by the tallies.
  allow report Write --topic "$trial.events$edition"
  allow report $read --topic "$trial.tallies.open$edition" --topic "$trial.tallies.closed$edition"
  allow report $write --topic "$trial.audit$edition"
  allow reader $read --topic "$trial.rejected$edition"
  allow aggregate Read,Describe --group "$trial.events$edition:" --resource-pattern-type prefixed
  echo "granted: $named"
done
