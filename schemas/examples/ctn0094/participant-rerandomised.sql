-- `which` = 2 is a second randomisation where it differs from the first; else (in most trials) it repeats it.
select
  p.trial,
  p.site,
  second.who as subject,
  concat('randomised ', second.which) as key,
  civil_date(second."when") as day,
  {'which': second.which, 'date': civil_date(second."when")} as data,
  [{'tab': 'randomization', 'line': second.line}] as lines,
  case
    when second."when" is null then 'randomisation without a day'
    when exists (
      select 1 from randomization first
      where first.who = second.who and first.which = 1
        and first."when" = second."when" and first.treatment is not distinct from second.treatment
    ) then 'repeats the first randomisation'
  end as filtered
from randomization second
left join participant p using (who)
where second.which is distinct from 1
