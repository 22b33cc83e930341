-- Kept visits. A day can have several labels, and a label several rows with different notes: an event for each day and label.
select
  p.trial,
  p.site,
  v.who as subject,
  concat(v."when", ' ', v.visit) as key,
  civil_date(v."when") as day,
  {'visit': v.visit} as data,
  list({'tab': 'visit', 'line': v.line}) as lines
from visit v
left join participant p using (who)
where v.what in ('visit', 'final') and v."when" is not null
group by p.trial, p.site, v.who, v.visit, v."when"
