-- Severity of withdrawal, 0 none … 3 severe.
select
  p.trial,
  p.site,
  w.who as subject,
  w."when"::VARCHAR as key,
  civil_date(w."when") as day,
  {'instrument': 'withdrawal-severity', 'total': w.withdrawal} as data,
  [{'tab': 'withdrawal', 'line': w.line}] as lines,
  case when w."when" is null then 'withdrawal score without a day' end as filtered
from withdrawal w
left join participant p using (who)
