-- Missed visits, with the reasons that were noted. A row of `visit` that says neither kept nor missed, or has no day, is filtered here
-- (a note on it, such as a stay in prison, is still read where it belongs).
with noted as (
  select
    *,
    concat_ws(', ',
      case when is_no_show = 1 then 'no show' end,
      case when is_no_funding = 1 then 'no funding' end,
      case when is_left_study = 1 then 'left the study' end,
      case when is_in_jail = 1 then 'in prison' end,
      case when is_forgot = 1 then 'forgot' end,
      case when is_in_hospital = 1 then 'in hospital' end,
      case when is_illness = 1 then 'illness' end,
      case when is_moved = 1 then 'moved away' end,
      case when is_missing_14_consecutive = 1 then 'missing for 14 days' end,
      case when is_window = 1 then 'out of window' end,
      case when is_unable = 1 then 'unable' end,
      case when is_on_vacation = 1 then 'on vacation' end,
      case when is_dead = 1 then 'died' end,
      case when is_other = 1 then 'other' end) as reason
  from visit
)
select
  p.trial,
  p.site,
  n.who as subject,
  concat(n."when", ' ', n.visit) as key,
  civil_date(n."when") as day,
  {'visit': n.visit, 'reason': nullif(max(n.reason), '')} as data,
  list({'tab': 'visit', 'line': n.line}) as lines,
  case
    when n."when" is null then 'visit without a day'
    when n.what not in ('no visit', 'MISSING') then 'visit with an unknown disposition'
    when n.what is null then 'visit without a disposition'
  end as filtered
from noted n
left join participant p using (who)
where n."when" is null or n.what is null or n.what not in ('visit', 'final')
group by p.trial, p.site, n.who, n.visit, n."when", n.what
