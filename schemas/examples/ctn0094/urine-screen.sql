-- A screen was done on a day with any positive result (`uds`), and on a day with a kept visit and a sample on record (`uds_temp`).
-- `uds` lists what was positive and nothing else: what a screen does not name was negative (the protocol says so: `unnamed`). The
-- temperature of a sample changes no result, so it is left out. A sample on a day with neither result nor kept visit is no screen.
-- (A field that is NULL is left out of an event: so the sample alone adds nothing to `results`.)
with sample as (
  select who, "when", 'uds' as tab, line, substance_id(what) as substance from uds
  union all
  select who, "when", 'uds_temp', line, null from uds_temp
),
kept as (
  select distinct who, "when" from visit where what in ('visit', 'final')
),
screen as (
  select
    who,
    "when",
    bool_or(tab = 'uds') as has_result,
    json_group_object(coalesce(substance, '?'), case when substance is not null then 'positive' end) as results,
    list({'tab': tab, 'line': line, 'part': 'results.' || substance}) as lines
  from sample
  group by who, "when"
)
select
  p.trial,
  p.site,
  s.who as subject,
  s."when"::VARCHAR as key,
  civil_date(s."when") as day,
  {'results': s.results} as data,
  s.lines,
  case
    when s."when" is null then 'urine sample without a day'
    when not s.has_result and kept.who is null then 'urine sample without result or kept visit'
  end as filtered
from screen s
left join participant p using (who)
left join kept on kept.who = s.who and kept."when" = s."when"
