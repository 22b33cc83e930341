-- A row is a reported day of use. That a day has no row says nothing (`complete` is false), and how long after it the participant was
-- asked is not in the table: each day is a calendar of its own.
with reported as (
  select
    who,
    "when",
    civil_date("when") as date,
    json_group_object(substance_id(what), '{}'::JSON) as uses,
    list({'tab': 'tlfb', 'line': line, 'part': concat('days.', civil_date("when"), '.', substance_id(what))}) as lines
  from tlfb
  group by who, "when"
)
select
  p.trial,
  p.site,
  r.who as subject,
  r."when"::VARCHAR as key,
  r.date as day,
  {
    'from': r.date,
    'to': r.date,
    'complete': false,
    'days': json_object(coalesce(r.date::VARCHAR, ''), r.uses),
    'informant': 'participant',
    'interview': r.date
  } as data,
  r.lines,
  case when r."when" is null then 'reported use without a day' end as filtered
from reported r
left join participant p using (who)
