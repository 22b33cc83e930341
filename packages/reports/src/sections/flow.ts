import { type ConsortBox, type ConsortColumn, consortFigure } from '@holdfast/figures';
import { conductBasis } from '../basis.ts';
import type { RawTable, ReportItem } from '../model.ts';
import { armsOf, type FlowOfOne, ofConduct, type ReportSource } from '../report-source.ts';
import type { Value } from '../rows/index.ts';
import { sideBySide } from '../side-by-side.ts';
import type { Section } from './section.ts';

const columns = ['trial', 'stage', 'detail', 'arm', 'participants'] as const;

const tally = (names: readonly string[]): [string, number][] => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
};

const mostReasons = 8;

/** Reasons with how many have them; rare ones together. */
function reasonLines(people: readonly FlowOfOne[]): [string, number][] {
  const reasons = tally(people.flatMap(({ reasons: some }) => some));
  const rest = reasons.slice(mostReasons).reduce((sum, [, n]) => sum + n, 0);
  return rest === 0 ? reasons : [...reasons.slice(0, mostReasons), ['other reasons', rest]];
}

const leavings = ['completed', 'lost', 'stopped', 'died'] as const;
const inWords = { completed: 'completed follow-up', lost: 'lost to follow-up', stopped: 'stopped', died: 'died' };

const titled = (heading: string, people: readonly unknown[]) => `${heading} (n = ${people.length})`;

/** How many were randomised whose arm is not known; said wherever anything of the report is by arm. */
function withoutArm({ byArm, flow: people }: ReportSource): string[] {
  const unknown = byArm ? people.filter(({ randomised, arm }) => randomised !== undefined && arm === undefined) : [];
  return unknown.length === 0 ? [] : [`${unknown.length} randomised without a known arm are in none of the arms.`];
}

/** CONSORT's flow of participants: as figure, and as counts. */
export const flow: Section = {
  id: 'flow',
  title: 'Flow of participants',
  items(given) {
    const source = ofConduct(given);
    const { protocol, flow: everybody, tells } = source;
    const screened = everybody.filter(({ eligible }) => eligible !== undefined);
    const refused = screened.filter(({ eligible }) => eligible === false);
    const enrolled = everybody.filter(({ isEnrolled }) => isEnrolled);
    const randomised = everybody.filter((one) => one.randomised !== undefined);
    const notRandomised = enrolled.filter((one) => one.randomised === undefined);
    const rows: Value[][] = [];
    const say = (stage: string, detail: string | undefined, arm: string | undefined, participants: number) =>
      rows.push([protocol.trial, stage, detail, arm, participants]);

    if (screened.length > 0) {
      say('screened', undefined, undefined, screened.length);
      say('not eligible', undefined, undefined, refused.length);
      for (const [reason, n] of reasonLines(refused)) say('not eligible', reason, undefined, n);
    }
    say('enrolled', undefined, undefined, enrolled.length);
    say('not randomised', undefined, undefined, notRandomised.length);
    say('randomised', undefined, undefined, randomised.length);

    const columnOf = (
      people: readonly FlowOfOne[],
      arm: string | undefined,
      label: string,
      place: number | undefined,
    ): ConsortColumn => {
      const of = (isOne: (one: FlowOfOne) => boolean) => people.filter(isOne).length;
      if (arm !== undefined) say('allocated', undefined, arm, people.length);
      const allocated: string[] = [];
      if (people.some(({ isDosed }) => isDosed !== undefined)) {
        const dosed = of(({ isDosed }) => isDosed === true);
        say('given a dose', undefined, arm, dosed);
        allocated.push(`given a dose: ${dosed}`, `not given one: ${people.length - dosed}`);
      }
      if (tells('treatment-discontinued')) {
        const discontinued = of(({ hasDiscontinued }) => hasDiscontinued);
        say('discontinued treatment', undefined, arm, discontinued);
        allocated.push(`discontinued treatment: ${discontinued}`);
      }
      const boxes: ConsortBox[] = [{ heading: titled(label, people), lines: allocated }];
      if (tells('participant-left')) {
        for (const how of leavings)
          say(
            'left',
            how,
            arm,
            of(({ left }) => left === how),
          );
        // They stand in one of the rows above too.
        const afterwards = of(({ diedAfterwards }) => diedAfterwards);
        say('left', 'died afterwards', arm, afterwards);
        // Once a trial is over they may only be participants whose leaving nobody recorded.
        const unrecorded = of(({ left }) => left === undefined);
        say('left', 'not recorded', arm, unrecorded);
        boxes.push({
          heading: 'Follow-up',
          lines: [
            ...leavings.map((how) => `${inWords[how]}: ${of(({ left }) => left === how)}`),
            ...(afterwards === 0 ? [] : [`died after another end: ${afterwards}`]),
            `no end of follow-up recorded: ${unrecorded}`,
          ],
        });
      }
      return { label, place, boxes };
    };
    const shown = source.byArm
      ? armsOf(source).map(({ id, label }, place) =>
          columnOf(
            randomised.filter(({ arm }) => arm === id),
            id,
            label,
            place,
          ),
        )
      : [columnOf(randomised, undefined, 'All arms together', undefined)];

    const stem = [
      ...(screened.length === 0
        ? []
        : [
            {
              heading: titled('Screened', screened),
              lines: [],
              ...(refused.length === 0
                ? {}
                : {
                    aside: {
                      heading: titled('Not eligible', refused),
                      lines: reasonLines(refused).map(([reason, n]) => `${reason}: ${n}`),
                    },
                  }),
            },
          ]),
      {
        heading: titled('Enrolled', enrolled),
        lines: [],
        ...(notRandomised.length === 0
          ? {}
          : { aside: { heading: titled('Not randomised', notRandomised), lines: [] } }),
      },
      { heading: titled('Randomised', randomised), lines: [] },
    ];
    const raw: RawTable = { columns, rows };
    const basis = conductBasis('everybody screened or enrolled', 'counts of participants, each once');
    const notes = [
      ...withoutArm(given),
      ...(tells('screened') ? [] : ['Screening is closed in this trial.']),
      ...(tells('treatment-discontinued') ? [] : ['Who discontinued treatment is closed in this trial.']),
      ...(tells('participant-left') ? [] : ['Who left is closed in this trial.']),
    ];
    const figure: ReportItem = {
      ...{ is: 'figure', id: 'flow', title: 'Flow of participants (CONSORT)', basis, notes, raw },
      svg: consortFigure({ title: `Flow of participants of ${protocol.trial}`, stem, columns: shown }),
    };
    return { items: [figure], leftOut: [] };
  },
};

const siteColumns = ['trial', 'site', 'arm', 'randomised'] as const;

/** Who was randomised where. */
export const enrolment: Section = {
  id: 'enrolment',
  title: 'Enrolment',
  items(given) {
    const source = ofConduct(given);
    const { protocol, flow: people } = source;
    const randomised = people.filter((one) => one.randomised !== undefined);
    const isOfOneSite = protocol.sites.length === 1 && randomised.every(({ site }) => site === protocol.sites[0]);
    const sites: (string | undefined)[] = isOfOneSite ? [...protocol.sites] : [...protocol.sites, undefined];
    const rows = sites.flatMap((site) =>
      armsOf(source).map(({ id }): Value[] => [
        ...[protocol.trial, site, id],
        randomised.filter((one) => (site === undefined || one.site === site) && (id === undefined || one.arm === id))
          .length,
      ]),
    );
    const raw: RawTable = { columns: siteColumns, rows };
    const planned = protocol.plannedParticipants;
    const table: ReportItem = {
      ...{ is: 'table', id: 'enrolment', title: 'Randomised participants by site', raw },
      notes: withoutArm(given),
      basis: conductBasis(
        planned === undefined ? 'everybody randomised' : `everybody randomised (${planned} are planned)`,
      ),
      ...sideBySide(
        source,
        raw,
        [['Site', ({ site }) => (site === undefined ? 'All sites' : String(site))]],
        ({ randomised: n }) => String(n),
      ),
    };
    return { items: [table], leftOut: [] };
  },
};
