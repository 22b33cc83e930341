import { join } from 'node:path';
import { sealer } from '@holdfast/access';
import { startAggregate } from '@holdfast/aggregate';
import { civilDay, dateOf, type HoldfastEvent, parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import type { ReportKind } from '@holdfast/reports';
import { publishProtocol } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createKey } from '../services/holdfast/src/commands/keys.ts';
import { createCut } from '../services/holdfast/src/create-cut.ts';
import { chooseTrial, openStore } from '../services/holdfast/src/store.ts';
import { csvRows, temporaryFolder } from './acceptance/holdfast.ts';
import { checkReport, reportAndSet } from './r/checked-report.ts';
import { rIsThere } from './r/rscript.ts';
import { renderedHere } from './rendered-here.ts';

vi.mock('@holdfast/aggregate', async (original) =>
  (await import('./shards-in-this-thread.ts')).shardsInThisThread(await original()),
);

const trial = 'SAYS-1';
const dayZero = civilDay('2026-01-05');

const protocolText = (blinding: 'open' | 'double') => `
format: holdfast-protocol/1
trial: ${trial}
version: 1
title: What reports say, tested
blinding: ${blinding}
clock: live
timeZone: Etc/UTC
partitions: 2
plannedFollowUp: 60
plannedParticipants: 100
entryLag: 0
arms:
  - { id: Ket, gives: [ketamine] }
  - { id: Sal, control: true, gives: [saline] }
sites: [GB-01, GB-02]
substances: [{ id: alcohol, unit: drinks, gramsPerUnit: 8 }]
visits:
  - { id: W04, day: 28, opens: 4, closes: 2, collects: [calendar] }
  - { id: W08, day: 60, opens: 4, closes: 2, collects: [calendar] }
populations:
  - { id: safety, title: Safety, requires: dose, arm: actual }
measures:
  - { id: ae, kind: adverse-events, horizon: 60 }
  - { id: given, kind: adverse-events, title: Of the safety population, population: safety, horizon: 60 }
  - { id: emergent, kind: adverse-events, only: treatment-emergent, horizon: 60 }
  - { id: suicidality, kind: suicidality, horizon: 60 }
  - { id: retention, kind: retention, windows: [28], horizon: 60 }
`;

const use = 'substances: [alcohol], evidence: self-report-only, windows: [28], horizon: 60';

type Sent = {
  readonly type: string;
  readonly who: string;
  readonly day: number;
  readonly data: object;
  readonly from?: string;
};

const sent = (type: string, who: string, day: number, data: object, from?: string): Sent => ({
  ...{ type, who, day, data },
  ...(from === undefined ? {} : { from }),
});

const eventsOf = (all: readonly Sent[]): HoldfastEvent[] =>
  all.map(({ type, who, day, data, from }, i) => {
    const time = `${dateOf(dayZero + day)}T10:00:00Z`;
    return {
      ...{ specversion: '1.0', id: `e${String(i).padStart(4, '0')}`, subject: who, time, recordedtime: time, data },
      source: `/trials/${trial}/${from ?? (type === 'arm-assigned' ? 'randomisation' : 'sites/GB-01')}`,
      type: `org.holdfast.${type}.v1`,
    } as unknown as HoldfastEvent;
  });

/** Enrolled and randomised on a study day of the first participants; to an arm, if any. */
const entering = (who: string, arm: string | undefined, day = 0): Sent[] => [
  sent('participant-enrolled', who, day, { consentDate: dateOf(dayZero + day) }),
  sent('participant-randomised', who, day, { date: dateOf(dayZero + day) }),
  ...(arm === undefined ? [] : [sent('arm-assigned', who, day, { arm })]),
];

const adverseEvent = (who: string, day: number, data: object = {}): Sent =>
  sent('adverse-event', who, day, {
    ...{ ae: `AE-${day}`, term: 'nausea', onset: dateOf(dayZero + day), severity: 'mild', seriousness: [] },
    ...{ relatedness: 'possible', outcome: 'unknown', ...data },
  });
const death = { term: 'suicide', severity: 'severe', seriousness: ['death'], outcome: 'fatal' };

const dose = (who: string, drug: string): Sent => sent('dose-given', who, 1, { drug, route: 'iv', given: { mg: 50 } });

type Told = {
  /** Where the store is. */
  readonly data: string;
  /** What stands below an item, and the report's own notes. */
  says(item: string): string;
  readonly notes: string;
  readonly rows: (table: string) => readonly Record<string, string>[];
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const plain = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&gt;', '>')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** A store with the events of a trial, and what a report of a cut of it says. */
async function reportOn(
  name: string,
  kind: ReportKind,
  events: readonly Sent[],
  {
    protocol = protocolText('open'),
    cutOff,
    seal,
  }: { readonly protocol?: string; readonly cutOff?: string; readonly seal?: readonly Sent[] } = {},
): Promise<Told> {
  const data = join(folder.path, name);
  const parsed = parseProtocol(protocol);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const isDouble = parsed.value.blinding === 'double';
  const file = join(folder.path, `${name}.key`);
  await openStore({ data, key: [] }, 'create', async ({ log }) => publishProtocol(log, parsed.value));
  if (isDouble) await openStore({ data, key: [] }, 'write', (store) => createKey(store, trial, file));
  const key = isDouble ? [file] : [];
  await openStore({ data, key }, 'write', async (store) => {
    const { log, trials, keys, folders } = store;
    const door = await openDoor({ log, trials, now: () => new Date('2027-06-01T00:00:00Z') });
    const all = eventsOf(events);
    const published = trials.get(trial)?.key;
    if (seal !== undefined && published !== undefined) {
      const boxes = await sealer(published);
      for (const [i, event] of eventsOf(seal).entries()) {
        const { source, type, time, recordedtime, data: content } = event;
        const identity = { trial, source, id: `box-${i}`, subject: 'subject' in event ? event.subject : '' };
        const box = boxes.seal(identity, Buffer.from(JSON.stringify({ type, data: content })));
        const envelope = {
          specversion: '1.0',
          ...identity,
          time,
          recordedtime,
          type: 'org.holdfast.sealed.v1',
          data: box,
        };
        const { trial: _, ...sealedEvent } = envelope;
        all.push(sealedEvent as unknown as HoldfastEvent);
      }
    }
    const accepted = all.map((event) => {
      const verdict = door.judge(event);
      if (!verdict.accepted) throw new Error(`${JSON.stringify(event)}: ${JSON.stringify(verdict)}`);
      return verdict;
    });
    await door.admit(accepted);
    await door.turnDay(trial, '2027-06-01');
    const aggregate = startAggregate({ log, keys, shards: folders.shards, batchRecords: 10_000 });
    await aggregate.keep(chooseTrial(store, trial));
    await aggregate.caughtUp(trial, await log.ends(`${trial}.events`));
    await aggregate.stop();
  });
  const cut = await openStore({ data, key: [] }, 'write', (store) =>
    createCut(store, chooseTrial(store, trial), { name: 'C1', asOf: undefined, cutOff }),
  );
  const files = await openStore({ data, key }, 'read', (store) =>
    renderedHere(store, cut, { kind, site: undefined, dummySeed: undefined }),
  );
  const textOf = (wanted: string) => new TextDecoder().decode(files.find((one) => one.name === wanted)?.bytes);
  const html = textOf(`${kind}.html`);
  return {
    data,
    says(item) {
      const at = html.search(new RegExp(`<(section|figure) id="${item}"`));
      if (at === -1) throw new Error(`the report has no ${item}`);
      const end = html.slice(at).search(/<\/(section|figure)>/);
      const parts = html.slice(at, at + end).match(/<p class="says">.*?<\/p>/g) ?? [];
      return parts.map(plain).join('\n');
    },
    notes: plain(html.slice(html.indexOf('<main>'), html.indexOf('<nav'))),
    rows: (table) => csvRows(textOf(`${table}.csv`)),
  };
}

describe('who is in no arm', () => {
  test('is told of every table by arm, of safety with their events and deaths', async () => {
    const { says } = await reportOn('no-arm', 'dsmb-closed', [
      ...entering('P-1', 'Ket'),
      ...entering('P-2', 'Sal'),
      ...entering('P-3', 'Ket'),
      ...entering('P-4', undefined),
      ...[dose('P-1', 'ketamine'), dose('P-2', 'saline'), dose('P-3', 'esketamine')],
      adverseEvent('P-1', 10),
      adverseEvent('P-3', 11),
      adverseEvent('P-3', 12, death),
      adverseEvent('P-4', 13, death),
      sent('scale-score', 'P-4', 14, {
        ...{ instrument: 'C-SSRS', version: '1', rater: 'clinician' },
        items: { ideation: 4, attempt: 1 },
      }),
    ]);
    for (const item of ['safety-ae', 'safety-rates-ae'])
      expect(says(item), item).toContain(
        'In no column, since their arm is not known: participants 1, with at least one event 1; events 1, of them serious 1; participants with one of grade 5 (death) 1.',
      );
    // Given what no arm gives: their actual arm is not known.
    expect(says('safety-given')).toContain(
      'participants 1, with at least one event 1; events 2, of them serious 1; participants with one of grade 5 (death) 1.',
    );
    expect(says('safety-given')).toContain('actually given (1 without a known arm are in none of the arms)');
    expect(says('safety-suicidality')).toMatch(/participants 1; ideation \(any\) 1\/1, .*behaviour \(any\) 1\/1/);
    expect(says('survival-retention')).toContain('everybody randomised, as randomised (1 without a known arm');
    expect(says('flow')).toContain('1 randomised without a known arm are in none of the arms.');
    expect(says('enrolment')).toContain('1 randomised without a known arm are in none of the arms.');
  });

  test('in a closed report of a running trial too, with how many boxes could not be opened; an open one says nothing of them', async () => {
    const people = [...entering('P-1', 'Ket'), ...entering('P-2', 'Sal'), ...entering('P-3', undefined)];
    const events = [...people, adverseEvent('P-3', 13, death)];
    const options = {
      protocol: protocolText('double'),
      // Arms come from the randomisation service alone; and this one is no event at all.
      seal: [sent('arm-assigned', 'P-3', 0, { arm: 'Ket' }, 'sites/GB-01'), sent('dose-given', 'P-3', 1, { drug: 7 })],
    };
    const closed = await reportOn('boxes', 'dsmb-closed', events, options);
    expect(closed.notes).toContain('2 sealed events could not be opened and count nowhere');
    expect(closed.says('flow')).toContain('1 randomised without a known arm are in none of the arms.');
    expect(closed.says('safety-ae')).toContain('participants with one of grade 5 (death) 1.');
    const open = await reportOn('boxes-open', 'dsmb-open', events, options);
    expect(open.notes).not.toContain('could not be opened');
    for (const item of ['flow', 'enrolment', 'safety-ae']) expect(open.says(item), item).not.toContain('arm');
  });
});

test.skipIf(!rIsThere())(
  'the script of the analysis set tells of boxes that could not be opened, as the report does; of none if there are none',
  async () => {
    // Over: else no rows with arms are exported.
    const protocol = protocolText('double').replace('plannedParticipants: 100', 'plannedParticipants: 2');
    const people = [...entering('P-1', 'Ket'), ...entering('P-2', 'Sal')];
    const seal = [sent('dose-given', 'P-1', 1, { drug: 7 }), sent('dose-given', 'P-2', 1, { drug: 7 })];
    const saidOf = async (name: string, more: { readonly seal?: readonly Sent[] }) => {
      const { data } = await reportOn(name, 'dsmb-closed', people, { protocol, ...more });
      const key = join(folder.path, `${name}.key`);
      return checkReport(await reportAndSet(data, trial, join(folder.path, `${name}-checked`), { cut: 'C1', key }));
    };
    const { code, said } = await saidOf('unopened', { seal });
    expect(said).toContain('2 sealed events could not be opened and count nowhere, neither in the report nor here');
    expect({ code, said }).toMatchObject({ code: 0 });
    expect((await saidOf('opened', {})).said).not.toContain('could not be opened');
  },
  120_000,
);

test('how much is mature is told of everybody, also of who comes to it too late', async () => {
  const people = Array.from({ length: 10 }, (_, i) => entering(`P-${i}`, i % 2 === 0 ? 'Ket' : 'Sal', 5 * i)).flat();
  const cutOff = dateOf(dayZero + 70);
  const { says, notes } = await reportOn('late', 'dsmb-closed', people, { cutOff });
  // Day 60 of whoever was randomised on day 15 or later lies beyond the cut-off; of who came on day 10 its visit is still open.
  expect(says('survival-retention')).toContain(
    `Mature: 2 of 10 (20 %) mature on day 60; 7 of them come to it only after ${cutOff}, when nobody counts.`,
  );
  expect(notes).toContain(`up to ${cutOff}, as of ${dateOf(dayZero + 71)};`);
  const bounded = protocolText('open').replace('entryLag: 0', `entryLag: 0\nadministrativeEnd: ${cutOff}`);
  const ended = await reportOn('ended', 'dsmb-closed', people, { protocol: bounded });
  expect(ended.says('survival-retention')).toContain(`7 of them come to it only after ${cutOff}, when nobody counts.`);
  const whole = await reportOn('whole', 'dsmb-closed', people);
  expect(whole.says('survival-retention')).toMatch(/Mature: 10 of 10 \(100 %\) mature on day 60\. Cut/);
});

test('what a number stands on is told by the rules of its measure', async () => {
  const measures = `
  - { id: lapse, kind: lapse, after: { abstinentDays: 14 }, ${use} }
  - { id: quit, kind: lapse, after: { quitDay: 7 }, ${use} }
  - { id: weeks, kind: relapse, patterns: [{ is: weeks-in-a-row, weeks: 4, missing: use }], ${use} }
  - { id: heavy, kind: relapse, patterns: [{ is: first-use }], death: ignore, ${use} }
  - { id: gone, kind: relapse, patterns: [{ is: first-use }, { is: leaving }], ${use} }
  - { id: ignored, kind: rolling-abstinence, coverage: { atLeast: 21 }, policies: [missing-is-use], death: ignore, ${use} }
  - { id: alive, kind: rolling-abstinence, coverage: { atLeast: 21 }, policies: [best-case, carry-forward-28], ${use} }
`;
  const { says } = await reportOn('basis', 'dsmb-closed', entering('P-1', 'Ket'), {
    protocol: protocolText('open') + measures,
  });
  expect(says('survival-lapse')).toContain(
    'everybody randomised, as randomised, once abstinent on 14 days in a row and at risk from the next day on; who never was counts nowhere',
  );
  expect(says('survival-quit')).toContain(
    'at risk from the day after the quit day (7) on; who did not live to its end counts nowhere',
  );
  // Of everybody, though one who never was abstinent for so long is at risk of nothing.
  for (const lapse of ['lapse', 'quit'])
    expect(says(`survival-${lapse}`)).toContain(
      'Mature: 1 of 1 (100 %) mature on day 60, whether they came to be at risk or not. Cut',
    );
  expect(says('survival-weeks')).not.toContain('whether they');
  expect(says('survival-weeks')).toContain(
    'days without evidence, also after leaving: as use where the pattern says so, which then may be relapse; else censored at the last assessment; death competes;',
  );
  expect(says('survival-heavy')).toContain(
    'leaving: censored at the last assessment; death: censored at the last assessment;',
  );
  expect(says('survival-gone')).toContain('leaving early (lost or stopped): relapse; death competes;');
  expect(says('abstinence-curve-ignored-28')).toContain(
    'leaving and death: days after it without evidence are missing (observed-only: left out, missing-is-use: as use);',
  );
  expect(says('abstinence-curve-alive-28')).toContain(
    'leaving: days after it without evidence are missing (observed-only: left out, best-case: as abstinent, carry-forward-28: as last judged, never after leaving); days after death do not count (while alive);',
  );
  expect(says('survival-retention')).toContain('leaving early (lost or stopped): the event; completing: censored');
});

test('treatment-emergent adverse events are of those who were given a dose', async () => {
  const people = [...['P-1', 'P-2', 'P-3'].flatMap((who) => entering(who, 'Ket')), ...entering('P-4', undefined)];
  const { says, rows } = await reportOn('emergent', 'dsmb-closed', [
    ...people,
    ...[dose('P-1', 'ketamine'), dose('P-2', 'ketamine'), adverseEvent('P-1', 10), adverseEvent('P-3', 10)],
  ]);
  // Who has no known arm was given no dose.
  expect(says('safety-emergent')).toContain('everybody randomised, as randomised, once given a dose. Estimand');
  expect(says('safety-emergent')).not.toContain('In no column');
  expect(rows('safety-emergent')[0]).toMatchObject({ kind: 'any', arm: 'Ket', participants: '2', n: '1', events: '1' });
  expect(rows('safety-ae')[0]).toMatchObject({ kind: 'any', arm: 'Ket', participants: '3', n: '2', events: '2' });
});

describe('the flow of participants', () => {
  const left = (who: string, day: number, how: string) => sent('participant-left', who, day, { how });
  const events = [
    ...['P-1', 'P-2', 'P-3', 'P-4'].flatMap((who) => entering(who, 'Ket')),
    ...entering('P-5', 'Sal'),
    // Two on one day: death counts, in whatever order of ids; two on different days: the earlier.
    ...[left('P-1', 40, 'completed'), left('P-1', 40, 'died'), left('P-2', 30, 'completed'), left('P-2', 50, 'died')],
    ...[left('P-3', 40, 'completed'), left('P-3', 40, 'lost'), left('P-4', 20, 'completed'), left('P-4', 50, 'lost')],
    ...[...entering('P-8', undefined), adverseEvent('P-8', 13, death), adverseEvent('P-8', 14)],
    sent('screened', 'P-6', -1, { eligible: false, reasons: ['too ill', 'too ill', 'too young'] }),
    sent('screened', 'P-7', -1, { eligible: false, reasons: ['too ill'] }),
  ];
  let told: Told;
  beforeAll(async () => {
    const firstUse = `  - { id: first-use, kind: first-use, ${use} }\n`;
    told = await reportOn('flow', 'dsmb-closed', events, { protocol: protocolText('open') + firstUse });
  });

  test('counts a leaving by the rule of the measures, tells of deaths after another end, and counts a reason once', () => {
    const flow = told.rows('flow');
    const ofKet = flow.filter(({ stage, arm }) => stage === 'left' && arm === 'Ket');
    expect(Object.fromEntries(ofKet.map(({ detail, participants }) => [detail, participants]))).toEqual({
      ...{ completed: '2', lost: '1', stopped: '0', died: '1' },
      ...{ 'died afterwards': '1', 'not recorded': '0' },
    });
    const reasons = flow.filter(({ stage, detail }) => stage === 'not eligible' && detail !== '');
    expect(reasons.map(({ detail, participants }) => `${detail}: ${participants}`)).toEqual([
      'too ill: 2',
      'too young: 1',
    ]);
    // Lost, and died; whoever completed and was heard of later has completed.
    expect(told.rows('sites').find(({ site }) => site === 'GB-01')).toMatchObject({ randomised: '6', left: '2' });
  });

  test.skipIf(!rIsThere())(
    'and the script of the analysis set finds the same',
    async () => {
      const { code, said } = await checkReport(await reportAndSet(told.data, trial, folder.path, { cut: 'C1' }));
      expect(said).toMatch(/^flow +\d+ rows +\d+ cells +0 differences$/m);
      expect(said).toMatch(/^sites +\d+ rows +\d+ cells +0 differences$/m);
      expect(said).toMatch(/tables checked, 0 with differences, 0 not covered, 0 not in the report$/m);
      expect(said).toContain(
        'ae: in no arm, since theirs is not known: 1 participants with 2 events, 1 of them serious, 1 of grade 5 (death)',
      );
      expect(code).toBe(0);
    },
    120_000,
  );
});
