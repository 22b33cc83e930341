# Derives every table of a closed report anew, from the participants' rows of the analysis set of the same cut, and prints where the
# report says otherwise. Nothing here comes from the program that made the report: base R and the package survival alone.
#
#   Rscript check-report.R ANALYSIS_SET REPORT
#
# A line for each table: rows and cells compared, differences; exit code 1 if anything differs, or is not covered.

suppressPackageStartupMessages(library(survival))

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("give two folders: Rscript check-report.R ANALYSIS_SET REPORT", call. = FALSE)
set_folder <- arguments[1]
report_folder <- arguments[2]

tolerance <- 1e-9
shown_differences <- 5

# ---- reading ----------------------------------------------------------------------------------------------------------------------

read_rows <- function(file) {
  read.csv(file, colClasses = "character", na.strings = "", check.names = FALSE, encoding = "UTF-8", comment.char = "")
}

text_of <- function(file) paste(readLines(file, warn = FALSE, encoding = "UTF-8"), collapse = "")

define_file <- file.path(set_folder, "define.json")
if (!file.exists(define_file)) stop(set_folder, " is no analysis set: it has no define.json", call. = FALSE)
define <- text_of(define_file)

#' The variables that identify a row of a data set, as define.json has them.
keys_of <- function(name) {
  found <- regmatches(define, regexec(paste0("\"keys\": *\\[([^]]*)\\], *\"label\": *\"[^\"]*\", *\"name\": *\"", name, "\""), define))[[1]]
  if (length(found) != 2) stop("define.json does not say what identifies a row of ", name, call. = FALSE)
  gsub("[\" ]", "", strsplit(found[2], ",", fixed = TRUE)[[1]])
}

#' Rows that come twice, or are of nobody, would be counted: where the report counts them too, both would be wrong alike.
refuse_wrong_rows <- function(name, rows) {
  keys <- keys_of(name)
  twice <- anyDuplicated(do.call(paste, c(unname(as.list(rows[keys])), sep = " / ")))
  if (twice > 0)
    stop(name, ".csv has two rows of the same ", paste(keys, collapse = ", "), " (", paste(rows[twice, keys], collapse = ", "), "): the export is wrong", call. = FALSE)
  if (name == "ADSL" || !"USUBJID" %in% names(rows)) return(invisible())
  unknown <- setdiff(rows$USUBJID, adsl$USUBJID)
  if (length(unknown) > 0) stop(name, ".csv has rows of ", unknown[1], ", who is not in ADSL.csv: the export is wrong", call. = FALSE)
}

data_set <- function(name) {
  file <- file.path(set_folder, paste0(name, ".csv"))
  if (!file.exists(file)) return(NULL)
  rows <- read_rows(file)
  refuse_wrong_rows(name, rows)
  rows
}

summary_rows <- data_set("TS")
if (is.null(summary_rows)) stop(set_folder, " is no analysis set: it has no TS.csv", call. = FALSE)
said <- function(what) summary_rows$TSVAL[summary_rows$TSPARMCD == what]
if (said("ARMS") != "Y")
  stop("this analysis set is of open events alone, without arms: it cannot check a report by arm", call. = FALSE)

manifest_file <- file.path(report_folder, "manifest.json")
if (!file.exists(manifest_file))
  stop(report_folder, " is no report: it has no manifest.json (of a rehearsal, on dummy arms, there is nothing to check)", call. = FALSE)
manifest <- text_of(manifest_file)
in_manifest <- function(name) {
  found <- regmatches(manifest, regexec(paste0("\"", name, "\":\"([^\"]*)\""), manifest))[[1]]
  if (length(found) == 2) found[2] else ""
}
if (in_manifest("kind") != "dsmb-closed")
  stop("the report is of kind ", in_manifest("kind"), "; this script checks those of kind dsmb-closed", call. = FALSE)
if (in_manifest("digest") != said("DIGEST"))
  stop("report and analysis set are of different cuts (", in_manifest("digest"), ", ", said("DIGEST"), ")",
    if (length(said("REWRITTEN")) > 0) paste0("; the cut was rewritten on ", max(said("REWRITTEN")), " to erase a participant: make the report again"), call. = FALSE)

trial <- said("TRIAL")
arms <- data_set("ARMS")
sites <- data_set("SITES")$SITEID
measures <- data_set("MEASURES")
adsl <- data_set("ADSL")
numeric_columns <- function(rows, names) {
  if (!is.null(rows)) for (name in names) rows[[name]] <- as.numeric(rows[[name]])
  rows
}
adtte <- numeric_columns(data_set("ADTTE"), c("AVAL", "CNSR", "STARTDY", "ADY"))
adabst <- numeric_columns(data_set("ADABST"), c("WINDOW", "ADY"))
aduse <- numeric_columns(data_set("ADUSE"), "ADY")
adae <- numeric_columns(data_set("ADAE"), "AETOXGR")
values <- do.call(rbind, lapply(c("ADQS", "ADSU", "ADEX", "ADSV", "ADVS"), data_set))
values <- numeric_columns(values, c("AVAL", "NUMER", "DENOM"))
if (!is.null(values)) {
  values$AVISIT[is.na(values$AVISIT)] <- ""
  values$DTYPE[is.na(values$DTYPE)] <- ""
}

split_words <- function(text) if (length(text) == 0 || is.na(text)) character(0) else strsplit(text, " ", fixed = TRUE)[[1]]
measure_row <- function(id) measures[measures$PARAMCD == id, , drop = FALSE]

#' In which arm a measure counts each of some participants.
arm_of <- function(id, participants) adsl[[measure_row(id)$TRTVAR]][match(participants, adsl$USUBJID)]
site_of <- function(participants) adsl$SITEID[match(participants, adsl$USUBJID)]

# ---- statistics -------------------------------------------------------------------------------------------------------------------

z <- qnorm(0.975)

#' Wilson (1927).
wilson <- function(x, n) {
  p <- x / n
  middle <- (p + z^2 / (2 * n)) / (1 + z^2 / n)
  margin <- z / (1 + z^2 / n) * sqrt(p * (1 - p) / n + z^2 / (4 * n^2))
  lower <- ifelse(x == 0, 0, middle - margin)
  upper <- ifelse(x == n, 1, middle + margin)
  none <- n == 0
  p[none] <- lower[none] <- upper[none] <- NA
  list(rate = p, lower = lower, upper = upper)
}

#' Garwood (1936); per unit of time.
poisson_rate <- function(x, time) {
  rate <- x / time
  lower <- qgamma(0.025, x) / time
  upper <- qgamma(0.975, x + 1) / time
  none <- time == 0
  rate[none] <- lower[none] <- upper[none] <- NA
  list(rate = rate, lower = lower, upper = upper)
}

#' A weighted sum of proportions, with limits recovered from those of each (Zou, Huang and Zhang 2009); with weights 1 and -1 it is
#' Newcombe's difference (1998).
mover <- function(weights, x, n) {
  used <- weights != 0
  if (any(n[used] == 0)) return(c(NA, NA, NA))
  of <- wilson(x[used], n[used])
  w <- weights[used]
  below <- ifelse(w > 0, of$rate - of$lower, of$upper - of$rate)
  above <- ifelse(w > 0, of$upper - of$rate, of$rate - of$lower)
  value <- sum(w * of$rate)
  c(value, value - sqrt(sum((w * below)^2)), value + sqrt(sum((w * above)^2)))
}

#' A weighted sum of means with Wald's limits.
wald <- function(weights, groups) {
  used <- weights != 0
  if (any(lengths(groups[used]) == 0)) return(c(NA, NA, NA))
  w <- weights[used]
  value <- sum(w * sapply(groups[used], mean))
  variances <- sapply(groups[used], function(one) if (length(one) < 2) NA else spread(one)^2 / length(one))
  if (anyNA(variances) || any(variances == 0)) return(c(value, NA, NA))
  value + c(0, -1, 1) * z * sqrt(sum(w^2 * variances))
}

#' The standard deviation; of equal numbers exactly 0, which rounding would hide.
spread <- function(x) if (length(x) < 2) NA else if (max(x) - min(x) < 1e-12 * max(1, abs(x))) 0 else sd(x)

welch <- function(a, b) {
  if (length(a) == 0 || length(b) == 0) return(c(NA, NA, NA))
  value <- mean(a) - mean(b)
  if (length(a) < 2 || length(b) < 2 || (spread(a) == 0 && spread(b) == 0)) return(c(value, NA, NA))
  c(value, t.test(a, b)$conf.int)
}

student <- function(x) {
  if (length(x) == 0) return(c(NA, NA, NA))
  if (length(x) < 2 || spread(x) == 0) return(c(mean(x), NA, NA))
  c(mean(x), t.test(x)$conf.int)
}

# ---- comparing --------------------------------------------------------------------------------------------------------------------

tables <- sub("\\.csv$", "", sort(list.files(report_folder, pattern = "\\.csv$")))
checked <- character(0)
different <- character(0)

as_text <- function(column) ifelse(is.na(column), "", as.character(column))

#' Holds a table of the report against what it should be: the same rows by their keys, and in each column the same.
compare <- function(table, expected, keys) {
  reported <- read_rows(file.path(report_folder, paste0(table, ".csv")))
  found <- character(0)
  differ <- function(...) found <<- c(found, paste0(...))
  key_of <- function(rows) do.call(paste, c(lapply(keys, function(key) as_text(rows[[key]])), sep = " | "))
  ours <- key_of(expected)
  theirs <- key_of(reported)
  for (key in unique(theirs[duplicated(theirs)])) differ("row ", key, " stands there twice")
  for (key in setdiff(theirs, ours)) differ("row ", key, " should not be there")
  for (key in setdiff(ours, theirs)) differ("row ", key, " is not there")
  for (name in setdiff(names(reported), names(expected))) differ("column ", name, " is not derived by this script")
  for (name in setdiff(names(expected), names(reported))) differ("column ", name, " is not there")
  at <- match(theirs, ours)
  both <- which(!is.na(at))
  cells <- 0
  for (name in setdiff(intersect(names(reported), names(expected)), keys)) {
    said <- reported[[name]][both]
    derived <- expected[[name]][at[both]]
    if (is.character(derived)) {
      same <- as_text(said) == as_text(derived)
    } else {
      number <- suppressWarnings(as.numeric(said))
      same <- (is.na(said) & is.na(derived)) |
        (!is.na(number) & !is.na(derived) & abs(number - derived) <= tolerance * pmax(1, abs(derived)))
    }
    cells <- cells + length(same)
    for (i in which(!same)) differ(name, " of ", theirs[both][i], " is ", as_text(said[i]), ", R has ", as_text(derived[i]))
  }
  checked <<- c(checked, table)
  cat(sprintf("%-70s %6d rows %8d cells %4d differences\n", table, nrow(reported), cells, length(found)))
  for (line in head(found, shown_differences)) cat("    ", line, "\n", sep = "")
  if (length(found) > shown_differences) cat("    and ", length(found) - shown_differences, " more\n", sep = "")
  if (length(found) > 0) different <<- c(different, table)
}

expected_tables <- character(0)
#' Checks a table that there should be.
check <- function(table, derive, keys) {
  expected_tables <<- c(expected_tables, table)
  if (table %in% tables) compare(table, derive(), keys)
}

#' Names a table as the report does: a measure whose id goes on as the name of a longer kind does has a dot before it.
item_id <- function(kind, id) {
  is_longer <- startsWith(paste0(kind, "-", id), c("safety-rates-", "survival-landmarks-"))
  paste0(kind, if (any(is_longer)) "." else "-", id)
}

rows_of <- function(...) data.frame(..., check.names = FALSE, stringsAsFactors = FALSE)
nothing <- NA_character_

# ---- flow of participants, enrolment ------------------------------------------------------------------------------------------------

is <- function(flag) !is.na(flag) & flag == "Y"
randomised <- adsl[is(adsl$RANDFL), ]

flow <- function() {
  rows <- list()
  say <- function(stage, detail, arm, n) rows[[length(rows) + 1]] <<- rows_of(stage = stage, detail = detail, arm = arm, participants = n)
  screened <- is(adsl$SCRNFL)
  if (any(screened)) {
    say("screened", nothing, nothing, sum(screened))
    say("not eligible", nothing, nothing, sum(screened & !is(adsl$ELIGFL)))
    reasons <- data_set("ADIE")$IETERM
    if (length(reasons) > 0) {
      counts <- table(reasons)
      counts <- counts[order(-as.integer(counts), names(counts), method = "radix")]
      named <- head(counts, 8)
      for (reason in names(named)) say("not eligible", reason, nothing, named[[reason]])
      if (length(counts) > 8) say("not eligible", "other reasons", nothing, sum(tail(counts, -8)))
    }
  }
  enrolled <- is(adsl$ENRLFL)
  say("enrolled", nothing, nothing, sum(enrolled))
  say("not randomised", nothing, nothing, sum(enrolled & !is(adsl$RANDFL)))
  say("randomised", nothing, nothing, nrow(randomised))
  for (arm in arms$ARM) {
    people <- randomised[!is.na(randomised$TRT01P) & randomised$TRT01P == arm, ]
    say("allocated", nothing, arm, nrow(people))
    if (any(!is.na(people$DOSEFL))) say("given a dose", nothing, arm, sum(is(people$DOSEFL)))
    say("discontinued treatment", nothing, arm, sum(is(people$DCTFL)))
    for (how in c("completed", "lost", "stopped", "died")) say("left", how, arm, sum(people$EOSSTT == how, na.rm = TRUE))
    say("left", "died afterwards", arm, sum(!is.na(people$DTHDY) & !people$EOSSTT %in% "died"))
    say("left", "not recorded", arm, sum(is.na(people$EOSSTT)))
  }
  rows_of(trial = trial, do.call(rbind, rows))
}
check("flow", flow, c("stage", "detail", "arm"))

check("enrolment", function() {
  alone <- length(sites) == 1 && all(randomised$SITEID == sites)
  all_parts <- expand.grid(site = c(sites, if (!alone) NA), arm = arms$ARM, stringsAsFactors = FALSE)
  all_parts$randomised <- mapply(function(site, arm) {
    sum((is.na(site) | randomised$SITEID %in% site) & randomised$TRT01P %in% arm)
  }, all_parts$site, all_parts$arm)
  rows_of(trial = trial, all_parts)
}, c("site", "arm"))

# ---- abstinence by day --------------------------------------------------------------------------------------------------------------

policy_variable <- function(policy) {
  if (startsWith(policy, "carry-forward-")) return(sub("carry-forward-", "CF", policy))
  unname(c("observed-only" = "OBSERVED", "missing-is-use" = "MISSUSE", "worst-case" = "WORST", "best-case" = "BEST")[policy])
}

windows_known <- list()
#' The rows of a measure and window, with arm and site.
windows_of <- function(id, window) {
  name <- paste(id, window)
  if (is.null(windows_known[[name]])) {
    rows <- adabst[adabst$PARAMCD == id & adabst$WINDOW == window, ]
    rows$arm <- arm_of(id, rows$USUBJID)
    windows_known[[name]] <<- rows
  }
  windows_known[[name]]
}

#' Counts of rows of which something holds, by arm and day.
count_by <- function(rows, holds, armed, days) {
  taken <- rows[which(holds), ]
  as.vector(table(factor(taken$arm, armed), factor(taken$ADY, days)))
}

rates <- function(id, window, policies, days) {
  rows <- windows_of(id, window)
  parts <- expand.grid(arm = arms$ARM, day = days, stringsAsFactors = FALSE)
  count <- function(holds) count_by(rows, holds, arms$ARM, days)
  do.call(rbind, lapply(policies, function(policy) {
    counted <- rows[[policy_variable(policy)]]
    abstinent <- count(counted == "1")
    assessable <- count(!is.na(counted))
    of <- wilson(abstinent, assessable)
    rows_of(
      trial = trial, measure = id, window_days = if (window == 0) NA_real_ else window, missing = policy, arm = parts$arm,
      site = nothing, group = nothing, axis = "study", day = parts$day, abstinent = abstinent, assessable = assessable,
      events = NA_real_, person_days = NA_real_, rate = of$rate, lower = of$lower, upper = of$upper, method = "wilson",
      due = count(rows$DUEFL == "Y"), missing_windows = count(rows$MISSFL == "Y"), randomised = count(rep(TRUE, nrow(rows))),
      mature = count(rows$MATFL == "Y")
    )
  }))
}

days_in <- function(table) sort(unique(as.numeric(read_rows(file.path(report_folder, paste0(table, ".csv")))$day)))

abstinence <- measures[measures$KIND %in% c("rolling-abstinence", "continuous-abstinence"), ]
rate_keys <- c("measure", "window_days", "missing", "arm", "day")
for (id in abstinence$PARAMCD) {
  horizon <- as.numeric(measure_row(id)$HORIZON)
  for (window in as.numeric(split_words(measure_row(id)$WINDOWS))) {
    check(paste("abstinence-curve", id, window, sep = "-"), function() {
      first <- if (window > 0) window else suppressWarnings(min(windows_of(id, window)$ADY))
      rates(id, window, "observed-only", if (first <= horizon) first:horizon else numeric(0))
    }, rate_keys)
    table <- paste("abstinence-rates", id, window, sep = "-")
    # Which days are landmarks is the report's own choice: what stands there is checked for all arms and policies.
    check(table, function() rates(id, window, split_words(measure_row(id)$POLICIES), days_in(table)), rate_keys)
  }
}

# ---- first events -------------------------------------------------------------------------------------------------------------------

#' Kaplan-Meier and Aalen-Johansen of some participants at the end of some days.
curve <- function(time, censoring, days) {
  at_risk <- sapply(days, function(day) sum(time >= day))
  ended <- function(code) sapply(days, function(day) sum(time == day & censoring == code))
  rows <- rows_of(day = days, at_risk = at_risk, events = ended(0), competing = ended(2), censored = ended(1))
  rows$survival <- rows$incidence <- rows$lower <- rows$upper <- rep(NA_real_, length(days))
  if (length(time) == 0 || length(days) == 0) return(rows)
  kaplan_meier <- summary(survfit(Surv(time, censoring == 0) ~ 1, conf.type = "log-log"), times = days, extend = TRUE)
  rows$survival <- kaplan_meier$surv
  rows$lower <- kaplan_meier$lower
  rows$upper <- kaplan_meier$upper
  free <- kaplan_meier$surv
  rows$incidence <- 1 - kaplan_meier$surv
  if (any(censoring == 2)) {
    state <- factor(censoring, c(1, 0, 2), c("censored", "event", "competing"))
    # A day later: survfit has nobody at risk of several states at time 0.
    aalen_johansen <- summary(survfit(Surv(time + 1, state) ~ 1), times = days + 1, extend = TRUE)
    shares <- aalen_johansen$pstate
    colnames(shares) <- aalen_johansen$states
    rows$incidence <- shares[, "event"]
    free <- shares[, "(s0)"]
  }
  known <- at_risk > 0
  gone <- function(share) abs(share) < 1e-12
  rows$lower[!known | gone(rows$survival) | gone(1 - rows$survival)] <- NA
  rows$upper[is.na(rows$lower)] <- NA
  rows$survival[!known & !gone(rows$survival)] <- NA
  rows$incidence[!known & !gone(free)] <- NA
  rows
}

survival_rows <- function(id, days) {
  own <- adtte[adtte$PARAMCD == id, ]
  own$arm <- arm_of(id, own$USUBJID)
  do.call(rbind, lapply(arms$ARM, function(arm) {
    some <- own[own$arm %in% arm, ]
    asked <- if (is.null(days)) sort(unique(c(0, some$AVAL))) else days
    if (length(asked) == 0) return(NULL)
    rows_of(
      trial = trial, measure = id, arm = arm, site = nothing, group = nothing, curve(some$AVAL, some$CNSR, asked),
      method = "kaplan-meier"
    )
  }))
}

#' First events and days at risk in the trailing window of each mature day.
rolling_rates <- function(id, window) {
  horizon <- as.numeric(measure_row(id)$HORIZON)
  own <- adtte[adtte$PARAMCD == id, ]
  own$arm <- arm_of(id, own$USUBJID)
  daily <- aduse[aduse$USECD == measure_row(id)$USECD & aduse$USUBJID %in% own$USUBJID, ]
  place <- cbind(match(daily$USUBJID, own$USUBJID), daily$ADY)
  mature <- excluded <- matrix(FALSE, nrow(own), horizon)
  mature[place] <- daily$MATFL == "Y"
  excluded[place] <- daily$EXCLFL == "Y"
  there <- matrix(FALSE, nrow(own), horizon)
  there[place] <- TRUE
  day <- col(mature)
  at_risk <- there & !excluded & day > own$STARTDY & day <= own$ADY
  event <- day == own$ADY & own$CNSR == 0
  # Sums over the trailing window, from running sums.
  trailing <- function(holds) {
    running <- t(apply(cbind(0, holds), 1, cumsum))
    if (nrow(own) == 0) return(matrix(0, 0, horizon))
    upto <- 2:(horizon + 1)
    running[, upto, drop = FALSE] - running[, pmax(1, upto - window), drop = FALSE]
  }
  person_days <- trailing(at_risk) * mature
  events <- trailing(event) * mature
  days <- window:horizon
  do.call(rbind, lapply(arms$ARM, function(arm) {
    some <- own$arm %in% arm
    x <- colSums(events[some, days, drop = FALSE])
    time <- colSums(person_days[some, days, drop = FALSE])
    of <- poisson_rate(x, time)
    rows_of(
      trial = trial, measure = id, window_days = window, missing = nothing, arm = arm, site = nothing, group = nothing,
      axis = "study", day = days, abstinent = NA_real_, assessable = NA_real_, events = x, person_days = time, rate = of$rate,
      lower = of$lower, upper = of$upper, method = "exact-poisson"
    )
  }))
}

first_events <- measures[measures$KIND %in% c("first-use", "lapse", "relapse", "retention"), ]
survival_keys <- c("measure", "arm", "day")
for (id in first_events$PARAMCD) {
  check(item_id("survival", id), function() survival_rows(id, NULL), survival_keys)
  check(paste0("incidence-", id), function() survival_rows(id, NULL), survival_keys)
  table <- paste0("survival-landmarks-", id)
  check(table, function() survival_rows(id, days_in(table)), survival_keys)
  if (measure_row(id)$KIND != "retention") for (window in head(as.numeric(split_words(measure_row(id)$WINDOWS)), 1))
    check(paste("rolling-rate", id, window, sep = "-"), function() rolling_rates(id, window), c("measure", "arm", "day"))
}

# ---- values -------------------------------------------------------------------------------------------------------------------------

#' Values that say yes or no: their mean is a share of participants.
is_yes_or_no <- function(measure_kind, kind, item) {
  kinds <- list("no-heavy-days" = "no-heavy-days", "risk-level" = c("fell-one", "fell-two"), "scale" = c("response", "remission"),
    "visits" = c("kept", "late"), "suicidality" = c("behaviour", "rose"), "vital-peaks" = "severe")
  kind %in% kinds[[measure_kind]] && (measure_kind != "visits" || item != "")
}

#' The values of a measure that are shown: what is observed, and what is made of the missing by the declared policies.
shown_values <- function(id) {
  own <- values[values$PARAMCD == id & values$PARAMTYP != "due", ]
  own <- own[own$DTYPE %in% c("", split_words(measure_row(id)$POLICIES)), ]
  unique(own[c("PARAMTYP", "AVISIT", "DTYPE")])
}

endpoint_rows <- function(id, shown) {
  own <- values[values$PARAMCD == id, ]
  own$arm <- arm_of(id, own$USUBJID)
  do.call(rbind, lapply(seq_len(nrow(shown)), function(i) {
    of <- shown[i, ]
    yes_or_no <- is_yes_or_no(measure_row(id)$KIND, of$PARAMTYP, of$AVISIT)
    due <- own[own$PARAMTYP == "due" & own$AVISIT == of$AVISIT, ]
    do.call(rbind, lapply(arms$ARM, function(arm) {
      x <- own$AVAL[own$PARAMTYP == of$PARAMTYP & own$AVISIT == of$AVISIT & own$DTYPE == of$DTYPE & own$arm %in% arm]
      n <- length(x)
      mean_limits <- if (!yes_or_no) student(x) else unlist(wilson(sum(x), n))
      some <- function(f) if (n == 0) NA_real_ else f(x)
      rows_of(
        trial = trial, measure = id, kind = of$PARAMTYP, item = of$AVISIT, missing = of$DTYPE, arm = arm, site = nothing,
        group = nothing, due = if (nrow(due) == 0) NA_real_ else sum(due$arm %in% arm), n = n, sum = some(sum), mean = some(mean),
        sd = spread(x), median = some(median), lower_quartile = some(function(x) quantile(x, 0.25, names = FALSE)),
        upper_quartile = some(function(x) quantile(x, 0.75, names = FALSE)), minimum = some(min), maximum = some(max),
        lower = mean_limits[[2]], upper = mean_limits[[3]], method = if (yes_or_no) "wilson" else "t"
      )
    }))
  }))
}

endpoint_keys <- c("kind", "item", "missing", "arm")
safety_kinds <- c("adverse-events", "suicidality", "vital-peaks")
value_kinds <- c("days-of-use", "amount", "no-heavy-days", "risk-level", "scale", "choices", "visits", "exposure")
for (id in measures$PARAMCD[measures$KIND %in% value_kinds]) {
  shown <- shown_values(id)
  if (nrow(shown) > 0) check(paste0("values-", id), function() endpoint_rows(id, shown), endpoint_keys)
  table <- paste0("course-", id)
  # A course is drawn of the landmarks that have a day; it is checked where the report has it.
  if (table %in% tables) check(table, function() {
    drawn <- unique(read_rows(file.path(report_folder, paste0(table, ".csv")))$item)
    endpoint_rows(id, shown[shown$PARAMTYP == "score" & shown$AVISIT %in% drawn, ])
  }, endpoint_keys)
}

# ---- comparisons of arms ------------------------------------------------------------------------------------------------------------

factors <- said("FACTOR")
control <- arms[arms$CNTRLFL == "Y", ]
level_of <- function(arm, i) arms[[paste0("FAC", i)]][match(arm, arms$ARM)]
two_by_two <- nrow(arms) == 4 && length(factors) == 2 && nrow(control) == 1 &&
  !anyNA(arms[c("FAC1", "FAC2")]) && nrow(unique(arms[c("FAC1", "FAC2")])) == 4 &&
  all(sapply(arms[c("FAC1", "FAC2")], function(levels) length(unique(levels)) == 2))
reference <- if (two_by_two) c(control$FAC1, control$FAC2)
level <- if (two_by_two) c(setdiff(arms$FAC1, reference[1]), setdiff(arms$FAC2, reference[2]))

#' Cells, margins and effects: of participants who have something (1) or not (0), or of values.
contrasts_of <- function(x, arm, yes_or_no) {
  cell <- function(a, b) x[level_of(arm, 1) %in% a & level_of(arm, 2) %in% b]
  cells <- list(cell(reference[1], reference[2]), cell(level[1], reference[2]), cell(reference[1], level[2]), cell(level[1], level[2]))
  single <- function(x) if (yes_or_no) unlist(wilson(sum(x), length(x))) else student(x)
  difference <- function(a, b) {
    if (yes_or_no) mover(c(1, -1), c(sum(a), sum(b)), c(length(a), length(b))) else welch(a, b)
  }
  weighted <- function(weights) {
    if (yes_or_no) mover(weights, sapply(cells, sum), lengths(cells)) else wald(weights, cells)
  }
  is_at <- function(i, at) paste0(factors[i], "=", at)
  row <- function(contrast, factor, to, from, given, n, numbers, method) {
    rows_of(contrast = contrast, factor = factor, level = to, reference = from, given = given, n = n, value = numbers[[1]],
      lower = numbers[[2]], upper = numbers[[3]], method = method)
  }
  one <- if (yes_or_no) "wilson" else "t"
  two <- if (yes_or_no) "newcombe" else "welch"
  four <- if (yes_or_no) "mover" else "wald"
  of_cell <- function(i, a, b) row("cell", nothing, nothing, nothing, paste0(is_at(1, a), "; ", is_at(2, b)), length(cells[[i]]), single(cells[[i]]), one)
  of_margin <- function(i, at, both) row("margin", factors[i], at, nothing, nothing, length(unlist(cells[both])), single(unlist(cells[both])), one)
  of_simple <- function(i, given, to, from) {
    row("simple", factors[i], level[i], reference[i], given, length(cells[[to]]) + length(cells[[from]]), difference(cells[[to]], cells[[from]]), two)
  }
  everybody <- sum(lengths(cells))
  rbind(
    of_cell(1, reference[1], reference[2]), of_cell(2, level[1], reference[2]),
    of_cell(3, reference[1], level[2]), of_cell(4, level[1], level[2]),
    of_margin(1, reference[1], c(1, 3)), of_margin(1, level[1], c(2, 4)),
    of_margin(2, reference[2], c(1, 2)), of_margin(2, level[2], c(3, 4)),
    of_simple(1, is_at(2, reference[2]), 2, 1), of_simple(1, is_at(2, level[2]), 4, 3),
    of_simple(2, is_at(1, reference[1]), 3, 1), of_simple(2, is_at(1, level[1]), 4, 2),
    row("main", factors[1], level[1], reference[1], nothing, everybody, weighted(c(-0.5, 0.5, -0.5, 0.5)), four),
    row("main", factors[2], level[2], reference[2], nothing, everybody, weighted(c(-0.5, -0.5, 0.5, 0.5)), four),
    row("interaction", paste(factors[1], "\u00d7", factors[2]), nothing, nothing, nothing, everybody, weighted(c(1, -1, -1, 1)), four)
  )
}

factorial_rows <- function(id) {
  head_of <- function(kind, item, window, missing, day, rows) {
    rows_of(trial = trial, measure = id, kind = kind, item = item, window_days = window, missing = missing, day = day,
      site = nothing, group = nothing, rows)
  }
  if (id %in% abstinence$PARAMCD) {
    horizon <- as.numeric(measure_row(id)$HORIZON)
    return(do.call(rbind, lapply(as.numeric(split_words(measure_row(id)$WINDOWS)), function(window) {
      rows <- windows_of(id, window)
      rows <- rows[rows$ADY == horizon, ]
      do.call(rbind, lapply(split_words(measure_row(id)$POLICIES), function(policy) {
        counted <- as.numeric(rows[[policy_variable(policy)]])
        x <- counted[!is.na(counted)]
        head_of("abstinent", nothing, if (window == 0) NA_real_ else window, policy, horizon,
          contrasts_of(x, rows$arm[!is.na(counted)], TRUE))
      }))
    })))
  }
  shown <- shown_values(id)
  own <- values[values$PARAMCD == id, ]
  do.call(rbind, lapply(seq_len(nrow(shown)), function(i) {
    of <- shown[i, ]
    some <- own[own$PARAMTYP == of$PARAMTYP & own$AVISIT == of$AVISIT & own$DTYPE == of$DTYPE, ]
    yes_or_no <- is_yes_or_no(measure_row(id)$KIND, of$PARAMTYP, of$AVISIT)
    head_of(of$PARAMTYP, of$AVISIT, NA_real_, of$DTYPE, NA_real_, contrasts_of(some$AVAL, arm_of(id, some$USUBJID), yes_or_no))
  }))
}

contrast_keys <- c("kind", "item", "window_days", "missing", "day", "contrast", "factor", "level", "reference", "given")
compared <- c("days-of-use", "no-heavy-days", "amount", "risk-level")
if (two_by_two) for (id in measures$PARAMCD) {
  if (id %in% abstinence$PARAMCD || (measure_row(id)$KIND %in% compared && nrow(shown_values(id)) > 0))
    check(paste0("factorial-", id), function() factorial_rows(id), contrast_keys)
}

#' The smallest number of the missing of who is ahead who must have used for it to be ahead no longer, found by trying.
tipping <- function(a, b) {
  seen <- c(a$due - a$missing, b$due - b$missing)
  if (any(seen == 0)) return(NA_real_)
  lead <- sign(a$abstinent * seen[2] - b$abstinent * seen[1])
  if (lead == 0) return(NA_real_)
  ahead <- if (lead > 0) a else b
  other <- if (lead > 0) b else a
  used <- 0:ahead$missing
  tips <- (ahead$abstinent + ahead$missing - used) * other$due <= (other$abstinent + other$missing) * ahead$due
  if (any(tips)) min(used[tips]) else NA_real_
}

tipping_rows <- function(id, window, pair) {
  horizon <- as.numeric(measure_row(id)$HORIZON)
  rows <- windows_of(id, window)
  rows <- rows[rows$ADY == horizon, ]
  # Day by day everybody has a site of their own.
  rows$site <- site_of(rows$USUBJID)
  side <- function(members, site) {
    some <- rows[rows$arm %in% members & (is.na(site) | rows$site %in% site), ]
    free <- some$OBSERVED %in% "1"
    list(x = sum(free), n = sum(!is.na(some$OBSERVED)), abstinent = sum(free & some$DUEFL == "Y"),
      missing = sum(some$MISSFL == "Y"), due = sum(some$DUEFL == "Y"))
  }
  do.call(rbind, lapply(c(sites, NA), function(site) {
    a <- side(pair$of, site)
    b <- side(pair$than, site)
    numbers <- mover(c(1, -1), c(a$x, b$x), c(a$n, b$n))
    rate <- function(one) if (one$n == 0) NA_real_ else one$x / one$n
    rows_of(trial = trial, measure = id, window_days = if (window == 0) NA_real_ else window, axis = "study", day = horizon,
      arm = pair$arm, control = pair$control, site = site, group = nothing, rate = rate(a), control_rate = rate(b),
      difference = numbers[1], lower = numbers[2], upper = numbers[3], missing = a$missing, control_missing = b$missing,
      tipping = tipping(a, b), method = "newcombe")
  }))
}

# What is compared: in a 2 x 2 trial the levels of each factor, else every arm with the control.
pairs <- if (two_by_two) {
  lapply(1:2, function(i) list(
    arm = paste0(factors[i], "=", level[i]), control = paste0(factors[i], "=", reference[i]),
    of = arms$ARM[arms[[paste0("FAC", i)]] == level[i]], than = arms$ARM[arms[[paste0("FAC", i)]] == reference[i]]
  ))
} else if (nrow(control) == 1) {
  lapply(setdiff(arms$ARM, control$ARM), function(arm) list(arm = arm, control = control$ARM, of = arm, than = control$ARM))
} else list()

for (id in abstinence$PARAMCD) for (window in as.numeric(split_words(measure_row(id)$WINDOWS))) {
  # A figure's name has of an arm's what file names may have: whom it compares stands in it.
  of_measure <- grep(paste0("by-site-", id, "-", window, "-"), tables, fixed = TRUE, value = TRUE)
  for (pair in pairs) {
    about <- Filter(function(table) {
      first <- read_rows(file.path(report_folder, paste0(table, ".csv")))[1, ]
      first$measure == id && as_text(first$window_days) == (if (window == 0) "" else window) && first$arm == pair$arm && first$control == pair$control
    }, of_measure)
    table <- if (length(about) == 1) about else paste0("by-site-", id, "-", window, " of ", pair$arm)
    check(table, function() tipping_rows(id, window, pair), c("arm", "control", "site", "day"))
  }
}

# ---- safety -------------------------------------------------------------------------------------------------------------------------

grades <- paste0("grade_", 1:5)
safety_row <- function(id, kind, class, term, item, arm, ...) {
  given <- list(...)
  value <- function(name) if (is.null(given[[name]])) NA_real_ else given[[name]]
  share <- if (is.null(given$n)) list(rate = NA_real_, lower = NA_real_, upper = NA_real_) else wilson(given$n, given$participants)
  years <- value("person_years")
  per_100 <- if (is.na(years)) list(rate = NA_real_, lower = NA_real_, upper = NA_real_) else poisson_rate(given$events, years / 100)
  row <- rows_of(trial = trial, measure = id, kind = kind, class = class, term = term, item = item, arm = arm, site = nothing,
    group = nothing, participants = given$participants, n = value("n"), percent = 100 * share$rate, lower = 100 * share$lower,
    upper = 100 * share$upper, events = value("events"), serious = value("serious"))
  for (i in 1:5) row[[grades[i]]] <- if (is.null(given$grades)) NA_real_ else given$grades[i]
  rows_of(row, person_years = years, rate_per_100_person_years = per_100$rate, rate_lower = per_100$lower,
    rate_upper = per_100$upper, mean = value("mean"), median = value("median"), highest = value("highest"))
}

adverse_event_rows <- function(id, only_any) {
  own <- adae[adae$PARAMCD == id, ]
  own$arm <- arm_of(id, own$USUBJID)
  followed <- values[values$PARAMCD == id & values$PARAMTYP == "person-days", ]
  followed$arm <- arm_of(id, followed$USUBJID)
  subjects <- rows_of(kind = "any", class = nothing, term = nothing)
  if (!only_any && nrow(own) > 0) {
    subjects <- rbind(subjects, rows_of(kind = "class", class = unique(own$AEBODSYS), term = nothing))
    terms <- unique(own[c("AEBODSYS", "AEDECOD")])
    subjects <- rbind(subjects, rows_of(kind = "term", class = terms$AEBODSYS, term = terms$AEDECOD))
  }
  do.call(rbind, lapply(seq_len(nrow(subjects)), function(i) {
    of <- subjects[i, ]
    some <- own[(is.na(of$class) | own$AEBODSYS %in% of$class) & (is.na(of$term) | own$AEDECOD %in% of$term), ]
    do.call(rbind, lapply(arms$ARM, function(arm) {
      events <- some[some$arm %in% arm, ]
      days <- followed$AVAL[followed$arm %in% arm]
      worst <- if (nrow(events) == 0) numeric(0) else tapply(events$AETOXGR, events$USUBJID, max)
      safety_row(id, of$kind, of$class, of$term, nothing, arm, participants = length(days), n = length(worst), events = nrow(events),
        serious = sum(events$AESER == "Y"), grades = sapply(1:5, function(grade) sum(worst == grade)), person_years = sum(days) / 365.25)
    }))
  }))
}

suicidality_rows <- function(id) {
  own <- values[values$PARAMCD == id, ]
  own$arm <- arm_of(id, own$USUBJID)
  share <- function(kind, item, shown, has) do.call(rbind, lapply(arms$ARM, function(arm) {
    x <- own$AVAL[own$PARAMTYP == kind & own$AVISIT == item & own$arm %in% arm]
    safety_row(id, kind, nothing, nothing, shown, arm, participants = length(x), n = sum(has(x)))
  }))
  ideation <- function(kind) rbind(
    share(kind, "", "any", function(type) type >= 1),
    share(kind, "", "intent", function(type) type >= 4),
    do.call(rbind, lapply(1:5, function(is) share(kind, "", paste0("type-", is), function(type) floor(type) == is)))
  )
  behaviours <- c("any", "preparatory", "aborted", "interrupted", "attempt", "self-injury")
  yes <- function(x) x == 1
  rbind(ideation("ideation-before"), ideation("ideation"), share("rose", "", nothing, yes),
    do.call(rbind, lapply(behaviours, function(item) share("behaviour", item, item, yes))))
}

peak_rows <- function(id) {
  own <- values[values$PARAMCD == id, ]
  own$arm <- arm_of(id, own$USUBJID)
  all_parts <- expand.grid(arm = arms$ARM, kind = c("systolic", "diastolic", "heart-rate", "severe"), item = unique(c("any", own$AVISIT)), stringsAsFactors = FALSE)
  do.call(rbind, lapply(seq_len(nrow(all_parts)), function(i) {
    of <- all_parts[i, ]
    x <- own$AVAL[own$PARAMTYP == of$kind & own$AVISIT == of$item & own$arm %in% of$arm]
    if (of$kind == "severe") return(safety_row(id, of$kind, nothing, nothing, of$item, of$arm, participants = length(x), n = sum(x == 1)))
    some <- function(f) if (length(x) == 0) NA_real_ else f(x)
    safety_row(id, of$kind, nothing, nothing, of$item, of$arm, participants = length(x), mean = some(mean), median = some(median), highest = some(max))
  }))
}

safety_keys <- c("kind", "class", "term", "item", "arm")
for (id in measures$PARAMCD[measures$KIND %in% safety_kinds]) {
  table <- item_id("safety", id)
  switch(measure_row(id)$KIND,
    "adverse-events" = {
      check(table, function() adverse_event_rows(id, FALSE), safety_keys)
      check(paste0("safety-rates-", id), function() adverse_event_rows(id, TRUE), safety_keys)
    },
    "suicidality" = check(table, function() suicidality_rows(id), safety_keys),
    "vital-peaks" = check(table, function() peak_rows(id), safety_keys)
  )
}

# No table by arm has these, and no death may be lost.
for (id in measures$PARAMCD[measures$KIND == "adverse-events"]) {
  in_no_arm <- function(rows) rows[rows$PARAMCD == id & !arm_of(id, rows$USUBJID) %in% arms$ARM, ]
  events <- in_no_arm(adae)
  followed <- in_no_arm(values[values$PARAMTYP == "person-days", ])
  if (nrow(followed) > 0)
    cat(sprintf("%s: in no arm, since theirs is not known: %d participants with %d events, %d of them serious, %d of grade 5 (death)\n",
      id, nrow(followed), nrow(events), sum(events$AESER == "Y"), sum(events$AETOXGR == 5)))
}

# ---- data flow of the sites -----------------------------------------------------------------------------------------------------------

check("sites", function() {
  flow <- numeric_columns(data_set("ADFLOW"), "ENTRYDUR")
  issues <- data_set("ADISSUE")
  first_open <- function(kinds) head(measures$PARAMCD[measures$KIND %in% kinds & measures$OPENFL == "Y"], 1)
  visits <- first_open("visits")
  use <- head(measures$USECD[!is.na(measures$USECD) & measures$OPENFL == "Y"], 1)
  ours <- values[length(visits) > 0 & values$PARAMCD %in% visits & values$AVISIT != "", ]
  known <- aduse[length(use) > 0 & aduse$USECD %in% use & aduse$USESTAT %in% c("use", "abstinent"), ]
  latest <- function(dates) if (all(is.na(dates))) nothing else max(dates, na.rm = TRUE)
  part <- function(site) {
    at <- function(values) is.na(site) | values %in% site
    people <- randomised[at(randomised$SITEID), ]
    left <- if ("participant-left" %in% said("CLOSED")) NA_real_ else sum(!is.na(people$EOSSTT) & people$EOSSTT != "completed")
    n <- nrow(people)
    visit_sum <- function(kind) {
      if (length(visits) == 0) NA_real_ else sum(ours$AVAL[ours$PARAMTYP == kind & ours$USUBJID %in% people$USUBJID])
    }
    due <- visit_sum("due")
    kept <- visit_sum("kept")
    # An event of nobody known at a site counts where all are taken together only if a site sent it.
    sent <- flow[!is.na(flow$SITEID) & at(flow$SITEID), ]
    happened <- sent[!sent$EVTYPE %in% c("correction", "retraction"), ]
    delays <- sort(happened$ENTRYDUR)
    share <- function(of, whole) if (is.na(of) || is.na(whole) || whole == 0) NA_real_ else 100 * of / whole
    rows_of(trial = trial, site = site, randomised = n, left = left, retained_percent = share(n - left, n), visits_due = due,
      visits_kept = kept, visits_late = visit_sum("late"), kept_percent = share(kept, due),
      evidence_days = if (length(use) == 0) NA_real_ else sum(known$USUBJID %in% people$USUBJID),
      last_event = latest(happened$EVDT), last_received = latest(sent$RECDT),
      median_entry_days = if (length(delays) == 0) NA_real_ else median(delays),
      p90_entry_days = if (length(delays) == 0) NA_real_ else quantile(delays, 0.9, type = 1, names = FALSE),
      issues = if (is.null(issues)) 0 else sum(at(issues$SITEID)))
  }
  do.call(rbind, lapply(c(sites, NA), part))
}, "site")

# ---- the analysis set itself: what windows and first uses are, derived from the days ---------------------------------------------------

#' Holds variables of a data set against what they should be by the days of ADUSE.
hold <- function(what, said, derived, subjects) {
  wrong <- which(!(said %in% NA & derived %in% NA) & !(as_text(said) == as_text(derived)))
  cat(sprintf("%-70s %6d cells %20d differences\n", what, length(said), length(wrong)))
  for (i in head(wrong, shown_differences)) cat("    ", subjects[i], " is ", as_text(said[i]), ", R has ", as_text(derived[i]), "\n", sep = "")
  if (length(wrong) > 0) different <<- c(different, what)
}

# Evidence that confirms, and biomarkers that look back, are not in a day's status.
by_days <- measures[measures$EVIDENCE %in% c("urine-only", "self-report-only", "any-positive") & measures$BIOMFL %in% "N", ]
planned <- as.numeric(said("PLANFUP"))

#' What the days of a measure are, a row each participant.
days_of <- function(id) {
  horizon <- as.numeric(measure_row(id)$HORIZON)
  daily <- aduse[aduse$USECD == measure_row(id)$USECD, ]
  who <- unique(daily$USUBJID)
  place <- cbind(match(daily$USUBJID, who), daily$ADY)
  holds <- function(which) {
    all <- matrix(FALSE, length(who), horizon)
    all[place] <- which
    all
  }
  list(who = who, horizon = horizon, known = holds(daily$USESTAT %in% c("use", "abstinent")), use = holds(daily$USESTAT == "use"),
    excluded = holds(daily$EXCLFL == "Y"), mature = holds(daily$MATFL == "Y"), there = holds(TRUE))
}
running_sums <- function(holds) cbind(0, t(apply(holds, 1, cumsum)))

#' What each window of a measure is judged to be, by its last day; "" before the first.
judged_windows <- function(id, window, days) {
  rule <- measure_row(id)
  decisive <- is(rule$DECPOSFL)
  least <- as.numeric(sub("^[a-z-]+ ?", "", rule$COVERAGE))
  status <- matrix("", length(days$who), days$horizon)
  if (window > 0) {
    within <- function(holds) {
      running <- running_sums(holds)
      upto <- (window + 1):(days$horizon + 1)
      running[, upto, drop = FALSE] - running[, upto - window, drop = FALSE]
    }
    at_all <- within(!days$excluded)
    covered <- within(days$known) >= (if (rule$COVERAGE == "all-days") at_all else least)
    used <- within(days$use) > 0
    status[, window:days$horizon] <- ifelse(at_all == 0, "outside", ifelse((covered | decisive) & used, "use", ifelse(covered, "abstinent", "missing")))
    return(status)
  }
  longest <- if (rule$COVERAGE == "all-days") 0 else least
  gap <- counted <- rep(0, length(days$who))
  spoken <- broken <- used <- covered <- rep(FALSE, length(days$who))
  for (day in as.numeric(rule$FROMDY):days$horizon) {
    on <- !days$excluded[, day]
    counted <- counted + on
    gap <- ifelse(!on, gap, ifelse(days$known[, day], 0, gap + 1))
    spoken <- spoken | (on & days$known[, day])
    broken <- broken | (on & gap > longest)
    used <- used | (on & days$use[, day])
    covered <- ifelse(on, spoken & !broken, covered)
    known <- covered | (decisive & used)
    status[, day] <- ifelse(counted == 0, "outside", ifelse(known & used, "use", ifelse(known, "abstinent", ifelse(used, "missing-with-use", "missing"))))
  }
  status
}

#' What windows count as under a policy, by participant and day: 1 abstinent, 0 use.
counted_as <- function(policy, status, left) {
  day <- col(status)
  judged <- ifelse(status == "abstinent", 1, ifelse(status == "use", 0, NA))
  if (policy == "observed-only") return(judged)
  if (!startsWith(policy, "carry-forward-")) {
    free <- status == "abstinent" | (policy == "best-case" & status == "missing")
    return(ifelse(status %in% c("", "outside") | day > planned, NA, ifelse(free, 1, 0)))
  }
  reach <- as.numeric(sub("carry-forward-", "", policy))
  earlier <- earlier_day <- rep(NA_real_, nrow(status))
  for (d in seq_len(ncol(status))) {
    now <- judged[, d]
    missing <- status[, d] %in% c("missing", "missing-with-use")
    carried <- missing & !is.na(earlier) & d <= pmin(left, earlier_day + reach) & !(status[, d] == "missing-with-use" & earlier == 1)
    judged[carried, d] <- earlier[carried]
    earlier[!is.na(now)] <- now[!is.na(now)]
    earlier_day[!is.na(now)] <- d
  }
  judged
}

for (id in intersect(abstinence$PARAMCD, by_days$PARAMCD)) {
  days <- days_of(id)
  left <- as.numeric(adsl$EOSDY[match(days$who, adsl$USUBJID)])
  left[is.na(left)] <- Inf
  for (window in as.numeric(split_words(measure_row(id)$WINDOWS))) {
    rows <- windows_of(id, window)
    status <- judged_windows(id, window, days)
    place <- cbind(match(rows$USUBJID, days$who), rows$ADY)
    # Of a day that is not mature ADUSE does not say what it will be.
    since <- if (window > 0) pmax(1, rows$ADY - window + 1) else rep(as.numeric(measure_row(id)$FROMDY), nrow(rows))
    open_days <- running_sums(days$there & !days$mature)
    whole <- rows$MATFL == "Y" & open_days[cbind(place[, 1], rows$ADY + 1)] == open_days[cbind(place[, 1], since)]
    who <- paste(rows$USUBJID, "day", rows$ADY)[whole]
    told <- paste0("ADABST of ", id, if (window > 0) paste0(", ", window, " days"), ", from ADUSE: ")
    at <- place[whole, , drop = FALSE]
    yes <- function(holds) ifelse(holds, "Y", "N")
    hold(paste0(told, "followed"), rows$DUEFL[whole], yes(at[, 2] <= planned & status[at] != "outside"), who)
    hold(paste0(told, "missing"), rows$MISSFL[whole], yes(at[, 2] <= planned & status[at] == "missing"), who)
    for (policy in union("observed-only", split_words(measure_row(id)$POLICIES)))
      hold(paste0(told, policy), as.numeric(rows[[policy_variable(policy)]][whole]), counted_as(policy, status, left)[at], who)
  }
}

for (id in intersect(measures$PARAMCD[measures$KIND == "first-use"], by_days$PARAMCD)) {
  days <- days_of(id)
  own <- adtte[adtte$PARAMCD == id & adtte$USUBJID %in% days$who, ]
  person <- match(own$USUBJID, days$who)
  day <- col(days$use)
  first <- apply(ifelse(days$use & days$mature, day, Inf), 1, min)[person]
  last <- apply(ifelse(days$known & days$mature, day, 0), 1, max)[person]
  died <- as.numeric(adsl$DTHDY)[match(own$USUBJID, adsl$USUBJID)]
  inside <- !is.na(died) & died >= 1 & died <= days$horizon
  seen <- rep(FALSE, nrow(own))
  seen[inside] <- days$mature[cbind(person[inside], died[inside])]
  dies <- seen & measure_row(id)$DEATH == "exclude" & is.infinite(first)
  hold(paste0("ADTTE of ", id, ", from ADUSE: day"), own$ADY, ifelse(is.finite(first), first, ifelse(dies, died, last)), own$USUBJID)
  hold(paste0("ADTTE of ", id, ", from ADUSE: censoring"), own$CNSR, ifelse(is.finite(first), 0, ifelse(dies, 2, 1)), own$USUBJID)
}

for (id in intersect(measures$PARAMCD[measures$COUNTS %in% c("use", "abstinent")], by_days$PARAMCD)) {
  days <- days_of(id)
  counted <- if (measure_row(id)$COUNTS == "use") days$use else days$known & !days$use
  own <- values[values$PARAMCD == id & values$PARAMTYP == "days" & values$USUBJID %in% days$who, ]
  person <- match(own$USUBJID, days$who)
  stretch <- strsplit(own$AVISIT, "-", fixed = TRUE)
  from <- as.numeric(sapply(stretch, `[`, 1))
  to <- as.numeric(sapply(stretch, `[`, 2))
  sums <- lapply(list(x = counted & !days$excluded, known = days$known & !days$excluded, all = days$there & !days$excluded), running_sums)
  within <- function(sum, until) sum[cbind(person, pmax(from, until + 1))] - sum[cbind(person, from)]
  until <- ifelse(own$DTYPE == "observed-only", to, pmin(to, planned))
  known <- within(sums$known, until)
  all_days <- within(sums$all, until)
  missing_counts <- (measure_row(id)$COUNTS == "abstinent") == (own$DTYPE == "best-case")
  observed <- own$DTYPE == "observed-only"
  derived <- within(sums$x, until) + ifelse(!observed & missing_counts, all_days - known, 0)
  who <- paste(own$USUBJID, own$AVISIT, own$DTYPE)
  hold(paste0("ADSU of ", id, ", from ADUSE: days"), own$NUMER, derived, who)
  hold(paste0("ADSU of ", id, ", from ADUSE: of days"), own$DENOM, ifelse(observed, known, all_days), who)
}

# ---- what it came to ------------------------------------------------------------------------------------------------------------------

of_days <- measures$KIND == "first-use" | measures$COUNTS %in% c("use", "abstinent")
from_days <- intersect(c(abstinence$PARAMCD, measures$PARAMCD[of_days]), by_days$PARAMCD)
as_folded <- setdiff(measures$PARAMCD, from_days)
if (length(from_days) > 0) cat("from each day of use, also for each participant: ", paste(from_days, collapse = ", "), "\n", sep = "")
if (length(as_folded) > 0) cat("summed up from what Holdfast says of each participant, which is not derived here: ", paste(as_folded, collapse = ", "), "\n", sep = "")

# What nobody could open is in no row: report and script are without it alike.
unopened <- said("UNOPENED")
if (length(unopened) > 0) cat(unopened, " sealed events could not be opened and count nowhere, neither in the report nor here: `holdfast issues` says which, and why\n", sep = "")

uncovered <- setdiff(tables, checked)
absent <- setdiff(expected_tables, tables)
for (table in uncovered) cat(table, ": not covered by this script\n", sep = "")
for (table in absent) cat(table, ": should be in the report, and is not\n", sep = "")
cat(sprintf("%d tables checked, %d with differences, %d not covered, %d not in the report\n",
  length(checked), length(different), length(uncovered), length(absent)))
if (length(different) + length(uncovered) + length(absent) > 0) quit(status = 1)
