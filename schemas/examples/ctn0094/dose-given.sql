-- Study drug by mouth, in mg; an amount of 1 is one injection of a depot, whose mg are not recorded.
select
  p.trial,
  p.site,
  t.who as subject,
  concat(t."when", ' ', t.amount) as key,
  civil_date(t."when") as day,
  {
    'drug': 'study-drug',
    'given': {'mg': case when t.amount <> 1 then t.amount end, 'units': case when t.amount = 1 then 1 end}
  } as data,
  [{'tab': 'treatment', 'line': t.line}] as lines,
  case when t."when" is null then 'dose without a day' end as filtered
from treatment t
left join participant p using (who)
