-- Whose trial and site is what: every other SELECT asks here. A project number is a trial of the network: 27 is CTN-0027.
select
  e.who,
  'CTN-' || lpad(e.project, 4, '0') as trial,
  s.site_masked as site
from everybody e
left join site_masked s using (who)
