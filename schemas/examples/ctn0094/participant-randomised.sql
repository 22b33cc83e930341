-- `which` = 1 is the randomisation: study day 0. All other rows are read in participant-rerandomised.sql.
select
  p.trial,
  p.site,
  r.who as subject,
  'randomised' as key,
  civil_date(r."when") as day,
  {'date': civil_date(r."when")} as data,
  [{'tab': 'randomization', 'line': r.line}] as lines,
  case when r."when" is null then 'randomisation without a day' end as filtered
from randomization r
left join participant p using (who)
where r.which = 1
