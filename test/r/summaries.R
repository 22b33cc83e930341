# Summarises distributions given as rows (distribution, value, of, count): `count` participants have the number value / of.
# Rscript summaries.R ROWS.csv > SUMMARIES.csv; base R only, all digits.
rows <- read.csv(commandArgs(trailingOnly = TRUE)[1], colClasses = c(distribution = "character"))
cat("distribution,n,mean,sd,median,lowerQuartile,upperQuartile\n")
for (name in unique(rows$distribution)) {
  of_it <- rows[rows$distribution == name, ]
  x <- rep(of_it$value / of_it$of, of_it$count)
  quartiles <- quantile(x, c(0.25, 0.75), type = 7)
  cat(name, sprintf("%.17g", c(length(x), mean(x), sd(x), median(x), quartiles)), sep = ",")
  cat("\n")
}
