-- Everybody consented on day 0; that is what the tables count from. A site without a participant is rejected for want of a trial.
select
  p.trial,
  coalesce(p.site, s.site_masked) as site,
  coalesce(e.who, s.who) as subject,
  'enrolled' as key,
  civil_date(0) as day,
  {'consentDate': civil_date(0)} as data,
  list_filter([{'tab': 'everybody', 'line': e.line}, {'tab': 'site_masked', 'line': s.line}], lambda l: l.line is not null) as lines
from everybody e
full join site_masked s using (who)
left join participant p on p.who = e.who
