-- Notes of a visit (kept or not) that the participant was in prison or in hospital; how long is not in the table, so it is that day.
with stay as (
  select who, "when", 'prison' as kind, line from visit where is_in_jail = 1 and "when" is not null
  union all
  select who, "when", 'hospital', line from visit where is_in_hospital = 1 and "when" is not null
)
select
  p.trial,
  p.site,
  s.who as subject,
  concat(s."when", ' ', s.kind) as key,
  civil_date(s."when") as day,
  {'kind': s.kind, 'from': civil_date(s."when"), 'to': civil_date(s."when")} as data,
  list({'tab': 'visit', 'line': s.line}) as lines
from stay s
left join participant p using (who)
group by p.trial, p.site, s.who, s."when", s.kind
