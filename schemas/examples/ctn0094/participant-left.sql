-- Notes of a visit that the participant had left the study or died. Several may tell of one leaving; the earliest counts.
with leaving as (
  select who, "when", 'stopped' as how, line from visit where is_left_study = 1 and "when" is not null
  union all
  select who, "when", 'died', line from visit where is_dead = 1 and "when" is not null
)
select
  p.trial,
  p.site,
  l.who as subject,
  concat(l."when", ' ', l.how) as key,
  civil_date(l."when") as day,
  {'how': l.how} as data,
  list({'tab': 'visit', 'line': l.line}) as lines
from leaving l
left join participant p using (who)
group by p.trial, p.site, l.who, l."when", l.how
