# From facts as `holdfast facts --format csv` writes them, what `endpoints` and `survival` say: base R and survival only, all digits.
# Rscript facts.R FACTS.csv > ANSWERS.csv
library(survival)
facts <- read.csv(commandArgs(trailingOnly = TRUE)[1], colClasses = "character", na.strings = "")
number <- function(x) sprintf("%.17g", x)
cat("what,measure,kind,missing,arm,day,a,b,c,d,e\n")
row <- function(...) cat(paste(ifelse(is.na(c(...)), "", c(...)), collapse = ","), "\n", sep = "")
parts <- function(rows) c(list(rows), split(rows, rows$arm))
armOf <- function(rows, i) if (i == 1) NA else rows$arm[1]

valued <- facts[!is.na(facts$value) & facts$kind != "first-event", ]
for (of_it in split(valued, list(valued$measure, valued$kind, ifelse(is.na(valued$missing), "", valued$missing)), drop = TRUE)) {
  groups <- parts(of_it)
  for (i in seq_along(groups)) {
    x <- as.numeric(groups[[i]]$value)
    quartiles <- quantile(x, c(0.25, 0.5, 0.75), type = 7)
    row("values", of_it$measure[1], of_it$kind[1], of_it$missing[1], armOf(groups[[i]], i), length(x),
        number(mean(x)), number(sd(x)), number(quartiles[1]), number(quartiles[2]), number(quartiles[3]))
  }
}

ended <- facts[facts$kind == "first-event", ]
for (of_it in split(ended, ended$measure)) {
  groups <- parts(of_it)
  for (i in seq_along(groups)) {
    one <- groups[[i]]
    # A competing event ends observation as censoring does, where survival is estimated.
    fit <- survfit(Surv(as.numeric(day), as.numeric(event)) ~ 1, data = one, conf.type = "log-log")
    for (k in seq_along(fit$time))
      row("survival", of_it$measure[1], "", "", armOf(one, i), fit$time[k],
          number(fit$surv[k]), number(fit$lower[k]), number(fit$upper[k]), fit$n.risk[k], fit$n.event[k])
  }
}
