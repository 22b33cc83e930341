/**
 * Published endpoints worked out from the steps of the endpoint catalogue (shared data), symbol by symbol and window by window: slow, and
 * meant to be right at a glance. Written from the catalogue's text, not from `outcomes/src/endpoints`.
 */
export type CatalogueStep = {
  readonly op: string;
  readonly from?: string | number;
  readonly to?: string | number;
  readonly symbol?: string;
  readonly any?: readonly string[];
  readonly mixed?: number;
  readonly is?: '==' | '>=' | '<=';
  readonly value?: number | string;
  readonly as?: string;
  readonly of?: readonly string[];
  readonly lattice?: string;
  readonly width?: number;
  readonly need?: number;
  readonly shift?: number;
  readonly min?: number;
  readonly else?: number | boolean;
  readonly weeks?: number;
  readonly weights?: Readonly<Record<string, number>>;
  readonly penalty?: readonly number[] | 'linear';
};

type Value = boolean | number | readonly [time: number, event: number] | undefined;

/** Weeks `from` to `to` of a word as a list of symbols. */
export function naiveStretch(word: string, from = 1, to = -1): string[] {
  const length = word.length;
  const weekOf = (n: number) => (n < 0 ? length + 1 + n : n);
  return [...word].filter((_, index) => index + 1 >= weekOf(from) && index + 1 <= weekOf(to));
}

export function naiveRetention(word: string): number {
  let last = 0;
  [...word].forEach((symbol, index) => {
    if (symbol !== 'o') last = index + 1;
  });
  return last;
}

export function naiveWindow(word: string, width: number, need: number, symbol: string): [number, number] | undefined {
  const windows: string[][] = [];
  for (let start = 0; start + width <= word.length; start += 1) windows.push([...word.slice(start, start + width)]);
  if (windows.length === 0) return undefined;
  const hit = windows.findIndex((window) => window.filter((one) => one === symbol).length >= need);
  return hit === -1 ? [windows.length + width - need, 0] : [hit + 1 + width - need, 1];
}

export function naiveLongestRunWithout(word: string, symbol: string): number {
  return Math.max(...word.split(symbol).map((piece) => piece.length));
}

function naiveNearest(word: string): string {
  const known: Record<string, number> = { '+': 1, '*': 0.5, '-': 0 };
  const symbols = [...word];
  if (symbols.every((symbol) => symbol === 'o')) return word;
  return symbols
    .map((symbol, index) => {
      if (symbol in known) return symbol;
      const [before, after] = [known[symbols[index - 1] ?? ''], known[symbols[index + 1] ?? '']];
      const average =
        symbols.length === 2 && index === 0
          ? after
          : before === undefined || after === undefined
            ? undefined
            : (before + after) / 2;
      if (average === undefined) return 'o';
      return average >= 0.75 ? '+' : average >= 0.25 ? '*' : '-';
    })
    .join('');
}

function naiveMode(word: string): string {
  const votes = [...word].filter((symbol) => symbol !== 'o').map((symbol) => (symbol === '*' ? '+' : symbol));
  const times = (symbol: string) => votes.filter((vote) => vote === symbol).length;
  const most = Math.max(0, ...votes.map(times));
  const winner = ['+', '-', '_'].find((symbol) => votes.includes(symbol) && times(symbol) === most);
  return winner === undefined ? word : [...word].map((symbol) => (symbol === 'o' ? winner : symbol)).join('');
}

function naiveBurden(word: string, { weeks = 0, weights = {}, penalty = [] }: CatalogueStep): number | undefined {
  let symbols = naiveStretch(word, 1, weeks);
  const linear = penalty === 'linear';
  if (!linear) symbols = Array.from({ length: weeks }, (_, week) => symbols[week % symbols.length] ?? '');
  if (symbols.includes('_')) return undefined;
  let [costs, worst] = [0, 0];
  symbols.forEach((symbol, week) => {
    const p = linear ? 1 + (4 * week) / (symbols.length - 1) : (penalty[week] ?? Number.NaN);
    const costOf = (one: string) => (weights[one] ?? Number.NaN) * (one === 'o' ? 1 : p);
    costs += costOf(symbol);
    worst += Math.max(costOf('+'), costOf('o'));
  });
  return 120 - (120 * costs) / worst;
}

/** What the steps of an endpoint of the catalogue give for a word. */
export function naiveEndpoint(steps: readonly CatalogueStep[], pattern: string): Value {
  let word = pattern;
  let value: Value;
  const named = new Map<string, Value>();
  for (const step of steps) {
    const { op, symbol = '', mixed = 0 } = step;
    const [from, to] = [step.from ?? 1, step.to ?? -1].map(Number) as [number, number];
    const weigh = (symbols: readonly string[]) =>
      symbols.filter((one) => one === symbol).length + mixed * symbols.filter((one) => one === '*').length;
    const shareOf = (symbols: readonly string[]) => (symbols.length === 0 ? 0 : weigh(symbols) / symbols.length);
    if (op === 'recode') word = [...word].map((one) => (one === step.from ? String(step.to) : one)).join('');
    else if (op === 'slice') word = naiveStretch(word, from).join('');
    else if (op === 'lattice')
      word = [...(step.lattice ?? '')].map((seen, week) => (seen === '_' ? '_' : (word[week] ?? 'o'))).join('');
    else if (op === 'carry_forward') while (/[^_]_/.test(word)) word = word.replace(/([^_])_/, '$1$1');
    else if (op === 'impute_nearest') word = naiveNearest(word);
    else if (op === 'impute_mode') word = naiveMode(word);
    else if (op === 'require_retention') {
      if (naiveRetention(word) < (step.min ?? 0)) return step.else;
    } else if (op === 'contains')
      value = (step.any ?? []).some((piece) => naiveStretch(word, from, to).join('').includes(piece));
    else if (op === 'count') value = weigh(naiveStretch(word, from, to));
    else if (op === 'share') value = shareOf(naiveStretch(word, from, to));
    else if (op === 'share_until_retention') value = shareOf(naiveStretch(word, 1, naiveRetention(word)));
    else if (op === 'one_minus') value = 1 - Number(value);
    else if (op === 'length_minus') value = word.length - Number(value);
    else if (op === 'longest_run_without') value = naiveLongestRunWithout(word, symbol);
    else if (op === 'burden120') value = naiveBurden(word, step);
    else if (op === 'window') {
      const found = naiveWindow(word, step.width ?? 0, step.need ?? 0, symbol);
      value = found && [found[0] + (step.shift ?? 0), found[1]];
    } else if (op === 'compare') {
      const [top, bottom = 1] = String(step.value).split('/').map(Number) as [number, number?];
      const [left, right] = [Number(value), top / bottom];
      value = step.is === '==' ? left === right : step.is === '>=' ? left >= right : left <= right;
    } else if (op === 'all') value = (step.of ?? []).every((name) => named.get(name) === true);
    else if (op !== 'store') throw new Error(`the catalogue has an op that is not known: ${op}`);
    if (step.as !== undefined) named.set(step.as, value);
  }
  return value;
}
