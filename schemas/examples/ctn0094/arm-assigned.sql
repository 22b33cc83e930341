-- The arm, as the table writes it; it comes from the randomisation service, not from a site. A second randomisation assigns no new arm.
select
  p.trial,
  'randomisation' as source,
  r.who as subject,
  'arm' as key,
  civil_date(r."when") as day,
  {'arm': r.treatment} as data,
  [{'tab': 'randomization', 'line': r.line}] as lines
from randomization r
left join participant p using (who)
where r.which = 1 and r."when" is not null
