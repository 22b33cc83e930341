const fields = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12 },
  { name: 'day of week', from: 0, to: 7 },
] as const;

const daysOfMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The numbers that a field names; a text says what is wrong with it. */
function namedBy(field: string, { name, from, to }: (typeof fields)[number]): ReadonlySet<number> | string {
  const named = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (match === null || (match[3] !== undefined && match[1] !== undefined && match[2] === undefined))
      return `has no ${name} that can be read ("${part}"); write a number, a range (1-5), a list (1,15) or a step (*/2)`;
    const [low, high, step] = [Number(match[1] ?? from), Number(match[2] ?? match[1] ?? to), Number(match[3] ?? 1)];
    if (low < from || high > to || low > high || step < 1)
      return `has a ${name} that there is not ("${part}"); use ${from} to ${to}`;
    for (let n = low; n <= high; n += step) named.add(n);
  }
  return named;
}

/** What is wrong with a pattern of five fields: what cannot be read, or never comes. */
export function checkCron(pattern: string, report: (message: string) => void): void {
  const parts = pattern.split(' ');
  if (parts.length !== fields.length || parts.includes('')) {
    report(
      'has not five fields with one space between them; write minute, hour, day of month, month and day of week, like 0 7 * * 1',
    );
    return;
  }
  const named = fields.map((field, i) => namedBy(parts[i] ?? '', field));
  for (const one of named) if (typeof one === 'string') report(one);
  const [, , days, months] = named;
  if (named.some((one) => typeof one === 'string') || typeof days !== 'object' || typeof months !== 'object') return;
  // A day of the week beside a day of the month is due on either.
  const comes = parts[4] !== '*' || [...months].some((month) => Math.min(...days) <= (daysOfMonths[month - 1] ?? 0));
  if (!comes) report('is never due: no month that it names has such a day');
}
