import {
  type Field,
  isFirstEventKind,
  isShareKind,
  type MeasureKind,
  measureKinds,
  measureShape,
} from '@holdfast/events';
import type { MeasureNote } from './measure-note.ts';
import { measureNotes } from './measure-notes.ts';

/** What stands above this line in docs/measures.md is written by hand; what stands below, by `measuresPage`. */
export const generatedBelow =
  '<!-- Generated from the schemas and notes by `npm run schemas`: change those, not what stands below. -->';

const families: readonly { readonly title: string; readonly says: string; has(kind: MeasureKind): boolean }[] = [
  {
    title: 'Shares of participants by day',
    says: 'Asked for by `holdfast rates`, against the control by `rates --tipping` and `contrasts`; behind each cell: `explain --day`.',
    has: isShareKind,
  },
  {
    title: 'First events',
    says: 'Asked for by `holdfast rates` (per person-day at risk) and `survival` (time to the event).',
    has: isFirstEventKind,
  },
  {
    title: 'Values of each participant',
    says: 'Asked for by `holdfast endpoints` and `contrasts`; behind each value: `explain`.',
    has: (kind) => !isShareKind(kind) && !isFirstEventKind(kind),
  },
];

const cell = (text: string) => text.replaceAll('|', '\\|');
const row = (...cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;

const sameField = (a: Field, b: Field) => a.path === b.path && a.is === b.is && a.meaning === b.meaning;

/** The fields that every one of some kinds has alike. */
function sharedFields(kinds: readonly MeasureKind[]): Field[] {
  const [first = [], ...others] = kinds.map((kind) => measureShape(kind).fields);
  return first.filter((field) => others.every((fields) => fields.some((one) => sameField(one, field))));
}

function fieldTable(fields: readonly Field[]): string[] {
  return [
    row('field', '', 'is', 'means'),
    '|---|---|---|---|',
    ...fields.map(({ path, is, required, meaning, preset }) =>
      row(`\`${path}\``, required ? 'required' : preset === undefined ? '' : `default \`${preset}\``, is, meaning),
    ),
  ];
}

function valueTable(values: MeasureNote['values']): string[] {
  if (values.length === 0) return [];
  return [
    '',
    row('`kind`', 'means', 'unit'),
    '|---|---|---|',
    ...values.map(({ kind, meaning, unit }) => row(`\`${kind}\``, meaning, unit)),
  ];
}

function section(kind: MeasureKind, common: readonly Field[]): string {
  const { title, description, fields } = measureShape(kind);
  const own = fields.filter((field) => !common.some((one) => sameField(one, field)));
  const note = measureNotes[kind];
  return [
    `### \`${kind}\``,
    '',
    `**${title}.** ${note?.meaning ?? description}`,
    '',
    ...(note === undefined
      ? []
      : [
          `- *Computed:* ${note.formula}`,
          `- *Where nothing is known:* ${note.missing}`,
          `- *Source:* ${note.source.replace(/\.$/, '')}.`,
          `- *Example:* ${note.example}`,
          '',
        ]),
    ...(own.length === 0 ? ['It has no parameters of its own.'] : fieldTable(own)),
    ...valueTable(note?.values ?? []),
    '',
  ].join('\n');
}

/** The generated part of docs/measures.md. */
export function measuresPage(): string {
  const everywhere = sharedFields(measureKinds);
  const ofUse = measureKinds.filter((kind) => measureShape(kind).fields.some(({ path }) => path === 'evidence'));
  const ofUseAlone = sharedFields(ofUse).filter((field) => !everywhere.some((one) => sameField(one, field)));
  const overview = measureKinds.map((kind) => row(`[\`${kind}\`](#${kind})`, measureShape(kind).description));
  return [
    '## All kinds',
    '',
    row('kind', 'in a sentence'),
    '|---|---|',
    ...overview,
    '',
    '## Parameters of every measure',
    '',
    ...fieldTable(everywhere),
    '',
    '## Parameters of measures that look at days of use',
    '',
    `Those of ${ofUse.map((kind) => `\`${kind}\``).join(', ')}. What evidence makes of a day: [What counts as abstinent](evidence.md).`,
    '',
    ...fieldTable(ofUseAlone),
    '',
    ...families.flatMap(({ title, says, has }) => [
      `## ${title}`,
      '',
      says,
      '',
      ...measureKinds
        .filter(has)
        .map((kind) => section(kind, ofUse.includes(kind) ? [...everywhere, ...ofUseAlone] : everywhere)),
    ]),
  ].join('\n');
}
