import {
  columnsOf,
  type EndpointSource,
  type EndpointValue,
  endpointOf,
  type PublishedEndpoint,
} from './published-endpoint.ts';
import { publishedEndpoints } from './published-endpoints.ts';
import type { UseWord } from './word.ts';

/** What stands above this line in docs/published-endpoints.md is written by hand; what stands below, by `endpointsPage`. */
export const generatedBelow =
  '<!-- Generated from the definitions by `npm run schemas`: change those, not what stands below. -->';

/** 15 weeks: late abstinence; gaps and returns; abstinence with the last week missed. */
const examples: readonly UseWord[] = ['++++-----------', '*---oo-o-o-o+oo', '--------------o'];

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const code = (text: string) => `\`${text}\``;

/** A value as `holdfast endpoints` prints it, a time with its event. */
function written(value: EndpointValue): string {
  if (value === undefined) return 'none';
  return typeof value === 'object' ? `time ${value.time}, event ${value.event}` : String(value);
}

function cited({ authors, year, where, doi, about }: EndpointSource): string {
  const links = doi.map((one) => `[doi:${one}](https://doi.org/${one.replaceAll('(', '%28').replaceAll(')', '%29')})`);
  return `${[`${authors}, ${year}, ${where}${about === undefined ? '' : ` (${about})`}`, ...links].join('. ')}.`;
}

function twinsOf({ id, definition }: PublishedEndpoint): readonly string[] {
  return publishedEndpoints
    .filter((other) => other.definition === definition && other.id !== id)
    .map((other) => other.id);
}

function section(endpoint: PublishedEndpoint): string {
  const { id, source, family, definition, warnings } = endpoint;
  const twins = twinsOf(endpoint).map((twin) => `[${code(twin)}](#${twin.toLowerCase()})`);
  const columns = columnsOf(endpoint);
  const values = examples.map((word) => `${code(word)} → ${written(endpointOf(endpoint, word))}`);
  return [
    `### ${code(id)}`,
    '',
    `**${definition.meaning}** *${family} · ${definition.output}*${columns.length > 1 ? ` (columns ${columns.map(code).join(', ')} of the published tables)` : ''}.`,
    '',
    ...warnings.map((warning) => `> Beware: it ${warning}.\n`),
    `- *Computed:* ${definition.formula}`,
    `- *A missed week:* ${definition.missing}`,
    `- *Short words, unscheduled weeks:* ${definition.edges}`,
    `- *Source:* ${cited(source)}`,
    ...(twins.length === 0 ? [] : [`- *The same computation as* ${twins.join(', ')}.`]),
    `- *Examples:* ${values.join('; ')}.`,
    '',
  ].join('\n');
}

/** The generated part of docs/published-endpoints.md, its examples computed as it is made. */
export function endpointsPage(): string {
  const families = [...new Set(publishedEndpoints.map(({ family }) => family))];
  const distinct = new Set(publishedEndpoints.map(({ definition }) => definition)).size;
  return [
    '## All endpoints',
    '',
    `${publishedEndpoints.length} endpoints, ${distinct} distinct computations. ⚠ marks those that come with a warning.`,
    '',
    row('endpoint', 'is', 'output', 'a missed week'),
    '|---|---|---|---|',
    ...publishedEndpoints.map(({ id, definition: { meaning, output, missing }, warnings }) =>
      row(`[${code(id)}](#${id.toLowerCase()})${warnings.length > 0 ? ' ⚠' : ''}`, meaning, output, missing),
    ),
    '',
    ...families.flatMap((family) => [
      `## ${family.slice(0, 1).toUpperCase()}${family.slice(1)}`,
      '',
      ...publishedEndpoints.filter((endpoint) => endpoint.family === family).map(section),
    ]),
  ].join('\n');
}
