import { canonicalJson, dateOf, type EventData, fullType, Protocol, sha256, shortType } from '@holdfast/events';
import type { History, Observation } from '@holdfast/outcomes';
import fc from 'fast-check';
import {
  arbCase,
  arbHistory,
  arbProtocol,
  type Case,
  judgedKinds,
  longestHorizon,
  observationOf,
  readable,
  referenceDay,
} from './arbitraries.ts';

/** An observation, and the civil day on which it arrives. */
export type Arrival = { readonly observation: Observation; readonly arrives: number };

/** A participant's events as they arrive, by day of arrival. */
export type Replay = Case & {
  readonly arrivals: readonly Arrival[];
  readonly firstClock: number;
  readonly lastClock: number;
};

const both = ({ open, sealed }: History): Observation[] => [...open, ...sealed];

/** What has arrived by the end of a day. */
export function arrivedBy({ history, arrivals }: Replay, day: number): History {
  const here = arrivals.filter(({ arrives }) => arrives <= day).map(({ observation }) => observation);
  return {
    participant: history.participant,
    open: here.filter((observation): observation is Observation<'open'> => observation.side === 'open'),
    sealed: here.filter((observation): observation is Observation<'sealed'> => observation.side === 'sealed'),
  };
}

/** Any case, whose events arrive whenever they like: years early or late, for all the fold knows. */
export function arbReplay(): fc.Arbitrary<Replay> {
  return arbCase({ sealedRetractions: true }).chain((given) => {
    const observations = both(given.history);
    const lastClock = referenceDay + longestHorizon(given.protocol) + 10;
    return fc
      .array(fc.integer({ min: referenceDay - 2, max: lastClock }), {
        minLength: observations.length,
        maxLength: observations.length,
      })
      .map((days) => {
        const arrivals = observations.map((observation, i) => ({ observation, arrives: days[i] ?? lastClock }));
        return readable({ ...given, arrivals, firstClock: referenceDay - 2, lastClock });
      });
  });
}

/** The same, while many identities of the two sides are the same: of what is sealed the other side knows nothing. */
export function arbSameIdentities(): fc.Arbitrary<Replay> {
  return fc.tuple(arbReplay(), fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 12 })).map(([replay, picks]) => {
    const open = replay.arrivals.map(({ observation }) => observation).filter(({ side }) => side === 'open');
    const retracted = open.flatMap((one) => (one.type === 'retraction' ? [one.data.target] : []));
    const taken = retracted.length > 0 ? retracted : open;
    let next = 0;
    const arrivals = replay.arrivals.map((arrival): Arrival => {
      const { observation } = arrival;
      if (observation.side === 'open') return arrival;
      const [pick = 0, isTaken = false] = picks[next % Math.max(1, picks.length)] ?? [];
      next += 1;
      const other = taken[pick % Math.max(1, taken.length)];
      if (!isTaken || other === undefined) return arrival;
      // The identity is part of the content: two events of one SHA-256 are one.
      const { source, id } = other;
      const content = sha256(`${source} ${id} ${observation.sha256}`);
      return { ...arrival, observation: { ...observation, source, id, sha256: content } as Observation };
    });
    return readable({ ...replay, arrivals });
  });
}

const correctable = [
  'urine-screen',
  'use-calendar',
  'visit-attended',
  'scale-score',
  'biomarker',
  'controlled-environment',
  'participant-left',
  'dose-given',
] as const;

/**
 * A participant whose events come in order, and among them corrections of what is there already: of any open event, now and then of
 * one that was corrected before or of a correction, mostly into another event of its type; a few under an identity that is taken.
 */
export function arbCorrected(): fc.Arbitrary<Replay> {
  const draft = fc.record({
    at: fc.nat({ max: 15 }),
    of: fc.nat(),
    into: fc.nat(),
    isOtherType: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    isTaken: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    recordedAt: fc.nat({ max: 3 }),
  });
  return fc
    .tuple(arbCase({ only: correctable }), fc.array(draft, { minLength: 4, maxLength: 14, size: 'max' }))
    .map(([given, corrections]) => {
      const { open, sealed } = given.history;
      const lastClock = referenceDay + longestHorizon(given.protocol) + 10;
      const dayOf = (at: number) => referenceDay + 1 + Math.floor((at * (lastClock - referenceDay - 1)) / 16);
      const arrivals: Arrival[] = [
        ...open.map((observation, i) => ({ observation, arrives: dayOf((i * 3) % 12) })),
        ...sealed.map((observation) => ({ observation, arrives: referenceDay })),
      ];
      const ordered = corrections.toSorted((a, b) => a.at - b.at);
      for (const [n, { at, of, into, isOtherType, isTaken, recordedAt }] of ordered.entries()) {
        const arrives = dayOf(at);
        const here = arrivals.filter((one) => one.observation.side === 'open' && one.arrives <= arrives);
        const target = here[of % Math.max(1, here.length)]?.observation;
        if (target === undefined) continue;
        const type = target.type === 'correction' ? shortType(target.data.event.type) : target.type;
        const like = open.filter((one) => isOtherType || one.type === type);
        const content = like[into % Math.max(1, like.length)];
        if (content === undefined || content.type === 'correction' || content.type === 'retraction') continue;
        const { source, id } = isTaken ? target : { source: target.source, id: `it’s 100% "${n}"'` };
        const data = {
          target: { source: target.source, id: target.id },
          reason: 'wrong',
          by: 'DM',
          event: {
            type: fullType(content.type),
            time: `${dateOf(content.day)}T10:00:00+00:00`,
            data: content.data,
          },
        };
        const observation = {
          side: 'open',
          type: 'correction',
          source,
          id,
          sha256: sha256(canonicalJson({ n, data })),
          recordedAt: (arrives + recordedAt) * 86_400_000,
          day: arrives,
          data,
        } as Observation<'open'>;
        arrivals.push({ observation, arrives });
      }
      return readable({ ...given, arrivals, firstClock: referenceDay, lastClock });
    });
}

/** Observations every day of whose evidence lies on a day or after it: what nobody can have known before. */
export function arbFuture(protocol: Protocol, from: number): fc.Arbitrary<Observation<'open'>[]> {
  const only = [
    'urine-screen',
    'biomarker',
    'use-calendar',
    'visit-attended',
    'controlled-environment',
    'participant-left',
  ] as const;
  const liesAhead = ({ type, day, data }: Observation): boolean => {
    switch (type) {
      case 'use-calendar':
      case 'controlled-environment':
        return data.from >= dateOf(from);
      case 'biomarker':
        return day - data.lookBack >= from;
      case 'urine-screen':
      case 'visit-attended':
      case 'participant-left':
        return day >= from;
      default:
        return false;
    }
  };
  return arbHistory(protocol, 'P-1', { only }).map(({ open }) =>
    open.filter(liesAhead).map((observation) => ({ ...observation, id: `future-${observation.id}` })),
  );
}

type Said = {
  readonly type: Observation['type'];
  readonly data: object;
  readonly day: number;
  readonly arrives: number;
};

/**
 * A trial in order: one visit after the other, none open while another is, and what a visit collects is sampled on its target day
 * or later, while it is open, and entered within the lag. A visit may be missed; nothing is ever corrected. A biomarker looks back
 * on less than the days between two visits, and a calendar asks the days since the visit before.
 */
export function arbPunctual(): fc.Arbitrary<Replay> {
  const gap = 4;
  // Others look at visits by name, and here there are other visits.
  const plan = arbProtocol('T-1', judgedKinds).chain((protocol) =>
    fc.record({
      protocol: fc.constant(protocol),
      visits: fc.array(fc.record({ opens: fc.nat({ max: 2 }), closes: fc.nat({ max: gap - 1 }) }), {
        minLength: 1,
        maxLength: 5,
      }),
    }),
  );
  return plan
    .map(({ protocol, visits }) => {
      const collects = ['urine', 'calendar', 'breath-alcohol', 'peth'] as const;
      const tidy = visits.map((visit, i) => ({
        ...visit,
        id: `V${i + 1}`,
        day: gap * (i + 1),
        collects: [...collects],
      }));
      return Protocol.parse({ ...protocol, blinding: 'open', closed: [], administrativeEnd: undefined, visits: tidy });
    })
    .chain((protocol) => {
      const substances = protocol.substances.map(({ id }) => id);
      const perVisit = protocol.visits.map(({ day: target, closes }) =>
        fc.record({
          kept: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
          after: fc.nat({ max: closes }),
          entered: fc.nat({ max: protocol.entryLag }),
          positive: fc.array(fc.boolean(), { minLength: substances.length, maxLength: substances.length }),
          usedAgo: fc.array(fc.nat({ max: gap - 1 }), { maxLength: 2 }),
          lookBack: fc.nat({ max: gap - 1 }),
          tested: fc.constantFrom('positive', 'negative'),
          informant: fc.constantFrom('participant', 'relative'),
          target: fc.constant(target),
          closes: fc.constant(closes),
        }),
      );
      return fc.tuple(...perVisit).map((visits) => {
        const [first = ''] = substances;
        const setUp: Said[] = [
          {
            type: 'participant-enrolled',
            data: { consentDate: dateOf(referenceDay) },
            day: referenceDay,
            arrives: referenceDay,
          },
          {
            type: 'participant-randomised',
            data: { date: dateOf(referenceDay) },
            day: referenceDay,
            arrives: referenceDay,
          },
        ];
        const said = visits.flatMap((visit): Said[] => {
          if (!visit.kept) return [];
          const day = referenceDay + visit.target + visit.after;
          // Entered at the latest when the entry lag after the visit's closing ends.
          const arrives = Math.max(day, referenceDay + visit.target + visit.closes + visit.entered);
          const results = Object.fromEntries(
            substances.map((id, i) => [id, visit.positive[i] ? 'positive' : 'negative']),
          );
          const from = referenceDay + visit.target - gap;
          const uses = visit.usedAgo.map((ago) => [dateOf(day - ago), { [first]: {} }]);
          const calendar = (informant: string): EventData<'use-calendar'> =>
            ({
              from: dateOf(from),
              to: dateOf(day),
              complete: true,
              days: Object.fromEntries(uses),
              informant,
              interview: dateOf(day),
            }) as EventData<'use-calendar'>;
          const test = {
            kind: visit.lookBack === 0 ? 'breath-alcohol' : 'peth',
            substance: first,
            lookBack: visit.lookBack,
            result: visit.tested,
          };
          return [
            { type: 'urine-screen', data: { results }, day, arrives },
            { type: 'biomarker', data: test, day, arrives },
            { type: 'use-calendar', data: calendar('participant'), day, arrives },
            { type: 'use-calendar', data: calendar(visit.informant), day, arrives },
          ];
        });
        const arrivals = [...setUp, ...said].map(({ type, data, day, arrives }, i): Arrival => {
          const event = {
            specversion: '1.0',
            id: `e${i}`,
            source: `/trials/${protocol.trial}/sites/${protocol.sites[0]}`,
            subject: 'P-1',
            type: `org.holdfast.${type}.v1`,
            time: `${dateOf(day)}T12:00:00Z`,
            recordedtime: `${dateOf(arrives)}T12:00:00Z`,
            data,
          };
          return { observation: observationOf(event as Parameters<typeof observationOf>[0], 'open'), arrives };
        });
        const open = arrivals.map(({ observation }) => observation as Observation<'open'>);
        // By then every visit has closed, and every horizon has passed.
        const lastClock = referenceDay + gap * 5 + 12;
        const history: History = { participant: 'P-1', open, sealed: [] };
        return readable({ protocol, history, asOf: lastClock, arrivals, firstClock: referenceDay, lastClock });
      });
    });
}
