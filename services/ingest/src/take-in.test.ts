import type { HoldfastEvent } from '@holdfast/events';
import { expect, test } from 'vitest';
import type { Accepted } from './door.ts';
import type { EventInput } from './event-files.ts';
import type { Rejection } from './rejections.ts';
import { takeEvents } from './take-events.ts';
import { appending, rejectedRowsAsCsv } from './take-tables.ts';

/** Counts what is handed over at once. */
function counting(isAccepted: boolean) {
  const calls: number[] = [];
  const hand = async (all: readonly unknown[]) => {
    if (all.length > 0) calls.push(all.length);
  };
  const event = { data: { text: 'x'.repeat(1_000_000) } } as unknown as HoldfastEvent;
  const accepted: Accepted = { accepted: true, event, received: event, trial: 'T' };
  const judge = () => (isAccepted ? accepted : { accepted: false as const, problems: [] });
  return { calls, accepted, inlet: { judge, admit: hand, keepRejected: hand } };
}

async function* longLines(count: number): AsyncGenerator<EventInput> {
  const line = Buffer.alloc(1_000_000);
  for (let i = 0; i < count; i += 1) yield { where: `f:${i}`, value: {}, line };
}

async function* longElements(count: number): AsyncGenerator<EventInput> {
  const text = 'x'.repeat(1_000_000);
  for (let i = 0; i < count; i += 1) yield { where: `f[${i}]`, value: { text } };
}

test.each([
  ['accepted lines', true, longLines],
  ['rejected lines', false, longLines],
  ['rejected elements', false, longElements],
] as const)('of long %s few are held at once', async (_, isAccepted, inputs) => {
  const { calls, inlet } = counting(isAccepted);
  await takeEvents(inputs(20), inlet, { trials: new Map() });
  expect(calls).toEqual([8, 8, 4]);
});

test('an input that is nested too deeply to be measured is handed over at once', async () => {
  const { calls, inlet } = counting(false);
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
  async function* inputs(): AsyncGenerator<EventInput> {
    yield { where: 'f[0]', value: deep };
    yield { where: 'f[1]', value: 1 };
  }
  await takeEvents(inputs(), inlet, { trials: new Map() });
  expect(calls).toEqual([1, 1]);
});

test('events of tables that are refused are kept before they are too many, though nothing is accepted', async () => {
  const { calls, inlet } = counting(false);
  const log = appending(inlet);
  const refused: Rejection = { trial: undefined, where: 'here', problems: [], input: {} };
  for (let batch = 0; batch < 5; batch += 1) {
    for (let i = 0; i < 2_000; i += 1) log.refuse(refused);
    await log.take([]);
  }
  expect(calls).toEqual([8_000]);
  await log.flush();
  expect(calls).toEqual([8_000, 2_000]);
});

test('of large events of tables few are held at once', async () => {
  const { calls, accepted, inlet } = counting(true);
  const log = appending(inlet);
  for (let i = 0; i < 20; i += 1) await log.take([accepted]);
  await log.flush();
  expect(calls).toEqual([8, 8, 4]);
});

test('rejected rows are CSV piece by piece', () => {
  const row = { file: 'uds.csv', line: 3, type: 'urine-screen' as const, field: 'what', reason: 'is "no" substance' };
  const pieces = [...rejectedRowsAsCsv(Array.from({ length: 12_000 }, () => row))];
  expect(pieces.map((piece) => piece.split('\n').length - 1)).toEqual([1, 5_000, 5_000, 2_000]);
  expect(pieces.join('')).toMatch(/^file,line,type,field,reason\nuds.csv,3,urine-screen,what,"is ""no"" substance"\n/);
});
