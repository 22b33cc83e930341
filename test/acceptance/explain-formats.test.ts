import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoStore } from './demo-store.ts';
import { commandsInTurn, csvRows, temporaryFolder } from './holdfast.ts';

const { succeed } = commandsInTurn();

type Cell = {
  readonly arm: string | null;
  readonly dayZero: string;
  readonly windows: readonly { window: number; from: number; to: number; status: string }[];
  readonly firstEvent: { day: number; outcome: string } | null;
  readonly statements: readonly { day: number; substance: string; use: boolean; event: { id: string } }[];
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let participants: readonly string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  ({ data } = await demoStore(folder.path));
  const facts = await succeed(['facts', '--data', data, '--measure', 'alcohol-first-use', '--format', 'csv']);
  participants = csvRows(facts.stdout)
    .map(({ participant }) => participant ?? '')
    .slice(0, 4);
}, 120_000);
afterAll(() => folder.remove());

async function explained(measure: string, participant: string) {
  const asked = ['explain', '--data', data, '--measure', measure, '--participant', participant, '--day', '84'];
  const [words, csv, json] = await Promise.all(
    ['table', 'csv', 'json'].map(async (format) => (await succeed([...asked, '--format', format])).stdout),
  );
  return { words: words ?? '', rows: csvRows(csv ?? ''), cell: JSON.parse(json ?? '') as Cell };
}

test('explain says the same in words, as rows of evidence and as a structure', async () => {
  for (const participant of participants) {
    const { words, rows, cell } = await explained('alcohol-abstinence', participant);
    expect(cell.arm).toBeNull();
    expect(words).toContain(`Randomised on ${cell.dayZero}`);
    expect([...words.matchAll(/Judged: (\w+)/g)].map(([, judged]) => judged?.toLowerCase())).toEqual(
      cell.windows.map(({ status }) => status),
    );
    const behind = cell.windows.flatMap(({ window, from, to, status }) =>
      cell.statements
        .filter(({ day }) => day >= from && day <= to)
        .map(({ day, use, event }) => [`${window}`, status, `${day}`, use ? '1' : '0', event.id]),
    );
    expect(rows.map((row) => [row.window_days, row.judged, row.day, row.use, row.event_id])).toEqual(behind);
    for (const row of rows) expect(words).toContain(row.event_id);
  }
}, 120_000);

test('of a first event the rows are the evidence up to it', async () => {
  for (const participant of participants) {
    const { words, rows, cell } = await explained('alcohol-first-use', participant);
    const { day = Number.NaN, outcome } = cell.firstEvent ?? {};
    if (outcome === 'event') {
      expect(words).toContain(`First use: study day ${day} `);
      expect(rows.filter(({ use }) => use === '1').every((row) => Number(row.day) === day)).toBe(true);
      expect(rows.at(-1)?.day).toBe(`${day}`);
    }
    expect(rows.every(({ judged, window_days }) => judged === outcome && window_days === '')).toBe(true);
  }
}, 120_000);
