import { canonicalJson } from '@holdfast/events';
import type { LogRecord } from '@holdfast/log';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordDecoder } from './decode.ts';
import { gather, gatherByKey, nothingGathered } from './gather.ts';

const names = ['P-1', 'P-2', 'P-3'];
const time = '2026-03-02T10:15:00Z';

/** A record under somebody's key: an event of a participant, mostly that one; a day that turns; or nobody's. */
const record = fc
  .tuple(fc.constantFrom('', ...names), fc.option(fc.constantFrom(...names)), fc.nat(20))
  .map(([key, another, n]): Omit<LogRecord, 'offset'> => {
    const subject = another ?? key;
    const stamped = { specversion: '1.0', id: `${n}`, time, recordedtime: time, receivedtime: time };
    const event =
      subject === ''
        ? {
            source: '/trials/T/holdfast',
            type: 'org.holdfast.day-turned.v1',
            data: { date: `2026-04-0${1 + (n % 9)}` },
          }
        : { source: '/trials/T/sites/S', type: 'org.holdfast.visit-attended.v1', subject, data: { visit: `W${n}` } };
    return { partition: 0, key, value: Buffer.from(n === 20 ? 'no event' : canonicalJson({ ...stamped, ...event })) };
  });
const records = fc.array(record, { maxLength: 40 }).map((all) => all.map((one, offset) => ({ ...one, offset })));

test('key by key the same is gathered as at once, whoever wrote under whose key', async () => {
  await fc.assert(
    fc.asyncProperty(records, async (all) => {
      const decode = recordDecoder(undefined);
      const [atOnce, byKey] = [nothingGathered(), nothingGathered()];
      await gather(atOnce, all, decode);
      const handedOver: [string, string][] = [];
      for await (const [participant, { open }] of gatherByKey(byKey, all, decode))
        for (const { id } of open) handedOver.push([participant, id]);
      const gathered = [...atOnce.arrivals].flatMap(([participant, { open }]) =>
        open.map(({ id }) => [participant, id]),
      );
      expect(handedOver.sort()).toEqual(gathered.sort());
      expect([byKey.clock, byKey.foreign, byKey.unreadable]).toEqual([atOnce.clock, atOnce.foreign, atOnce.unreadable]);
    }),
  );
});

test('who wrote under their own key are handed over once', async () => {
  const values = [1, 2, 3].map((n) => {
    const subject = names[n % 2] ?? '';
    const event = {
      source: '/trials/T/sites/S',
      type: 'org.holdfast.visit-attended.v1',
      subject,
      data: { visit: `W${n}` },
    };
    return canonicalJson({ specversion: '1.0', id: `${n}`, time, recordedtime: time, receivedtime: time, ...event });
  });
  const own = values.map((value, offset) => ({
    partition: 0,
    offset,
    key: names[(offset + 1) % 2] ?? '',
    value: Buffer.from(value),
  }));
  const handedOver: [string, string[]][] = [];
  for await (const [participant, { open }] of gatherByKey(nothingGathered(), own, recordDecoder(undefined)))
    handedOver.push([participant, open.map(({ id }) => id)]);
  expect(handedOver).toEqual([
    ['P-2', ['1', '3']],
    ['P-1', ['2']],
  ]);
});
