import {
  columnsOf,
  type EndpointValue,
  endpointOf,
  type PublishedEndpoint,
  publishedEndpoints,
  type TimeToEvent,
} from '@holdfast/outcomes';
import type { Value } from '@holdfast/reports/rows';
import { stringify } from 'csv-stringify/sync';
import { CommandFailed } from '../command-failed.ts';
import type { Format } from '../output/format.ts';
import { printRows, write } from '../output/print-rows.ts';
import { type FiledPattern, readPatterns } from '../pattern-file.ts';

export const endpointColumns = ['trial', 'participant', 'rule', 'endpoint', 'value', 'time', 'event'] as const;
export const summaryColumns = ['trial', 'rule', 'endpoint', 'column', 'n', 'missing', 'sum', 'mean'] as const;

/** Most endpoints look at so many weeks. */
const usualWeeks = 15;
const longestListOfWarnings = 5;

/** The endpoints that `--endpoint` names, by id or by a column of the published tables; all if it names none. */
function chooseEndpoints(named: string | undefined): readonly PublishedEndpoint[] {
  if (named === undefined) return publishedEndpoints;
  const ids = named.split(',').map((id) => id.trim());
  const unknown = ids.find((id) => !publishedEndpoints.some((one) => one.id === id || columnsOf(one).includes(id)));
  if (unknown !== undefined)
    throw new CommandFailed(
      `--endpoint ${unknown} is no published endpoint; docs/published-endpoints.md lists them, such as Ab_fiellin_2006 or Rs_lee_2016`,
    );
  return publishedEndpoints.filter(
    (one) => ids.includes(one.id) || columnsOf(one).some((column) => ids.includes(column)),
  );
}

const isTime = (value: EndpointValue): value is TimeToEvent => typeof value === 'object';

/** Value, time and event as they are printed; undefined where there is none. */
function cellsOf(value: EndpointValue): readonly [boolean | number | undefined, number | undefined, 0 | 1 | undefined] {
  return isTime(value) ? [undefined, value.time, value.event] : [value, undefined, undefined];
}

/** Rows as they are computed: there are 54 for each participant, and nobody need hold them all. */
async function printAsComputed(
  patterns: readonly FiledPattern[],
  endpoints: readonly PublishedEndpoint[],
  format: 'csv' | 'json',
): Promise<void> {
  let text = format === 'csv' ? `${endpointColumns.join(',')}\n` : '[';
  let isFirst = true;
  for (const { trial, participant, rule, word } of patterns) {
    const who = stringify([[trial, participant, rule]]).slice(0, -1);
    for (const endpoint of endpoints) {
      const [value, time, event] = cellsOf(endpointOf(endpoint, word));
      if (format === 'csv') text += `${who},${endpoint.id},${value ?? ''},${time ?? ''},${event ?? ''}\n`;
      else {
        const row = { trial, participant, rule, endpoint: endpoint.id, value, time, event };
        text += `${isFirst ? '' : ','}\n ${JSON.stringify(row, (_, cell) => cell ?? null)}`;
      }
      isFirst = false;
    }
    if (text.length > 1 << 16) {
      await write(text);
      text = '';
    }
  }
  await write(format === 'csv' ? text : `${text}\n]\n`);
}

type Sum = { n: number; missing: number; sum: number };

/** What is added up of a value, column by column: true counts 1, a time and its event each for themselves. */
function addends(value: EndpointValue, columns: number): readonly (number | undefined)[] {
  if (value === undefined) return Array.from({ length: columns }, () => undefined);
  return isTime(value) ? [value.time, value.event] : [Number(value)];
}

function summaryRows(patterns: readonly FiledPattern[], endpoints: readonly PublishedEndpoint[]): Value[][] {
  const groups = new Map<string, { trial: string; rule: string; sums: Sum[][] }>();
  for (const { trial, rule, word } of patterns) {
    const key = JSON.stringify([trial, rule]);
    const group = groups.get(key) ?? {
      trial,
      rule,
      sums: endpoints.map((one) => columnsOf(one).map(() => ({ n: 0, missing: 0, sum: 0 }))),
    };
    groups.set(key, group);
    for (const [at, endpoint] of endpoints.entries()) {
      const sums = group.sums[at] ?? [];
      for (const [part, addend] of addends(endpointOf(endpoint, word), sums.length).entries()) {
        const sum = sums[part];
        if (sum === undefined) continue;
        if (addend === undefined) sum.missing += 1;
        else {
          sum.n += 1;
          sum.sum += addend;
        }
      }
    }
  }
  return [...groups.values()].flatMap(({ trial, rule, sums }) =>
    endpoints.flatMap((endpoint, at) =>
      columnsOf(endpoint).map((column, part) => {
        const { n, missing, sum } = sums[at]?.[part] ?? { n: 0, missing: 0, sum: 0 };
        return [trial, rule, endpoint.id, column, n, missing, sum, n === 0 ? undefined : sum / n];
      }),
    ),
  );
}

function tableRows(patterns: readonly FiledPattern[], endpoints: readonly PublishedEndpoint[]): Value[][] {
  const rows: Value[][] = [];
  for (const { trial, participant, rule, word } of patterns) {
    for (const endpoint of endpoints) {
      const [value, time, event] = cellsOf(endpointOf(endpoint, word));
      const shown = typeof value === 'boolean' ? String(value) : value;
      rows.push([trial, participant, rule, endpoint.id, shown, time, event]);
    }
  }
  return rows;
}

function sayWhatToMind(endpoints: readonly PublishedEndpoint[], patterns: readonly FiledPattern[]): void {
  const computed = endpoints.length === 1 ? 'endpoint' : 'endpoints';
  console.error(
    `${patterns.length} ${patterns.length === 1 ? 'pattern' : 'patterns'} · ${endpoints.length} ${computed} as published over weekly words, not the trials’ own analyses`,
  );
  const short = patterns.filter(({ word }) => word.length < usualWeeks).length;
  if (short > 0)
    console.error(
      `${short} of the patterns ${short === 1 ? 'is' : 'are'} shorter than ${usualWeeks} weeks: most endpoints judge what there is`,
    );
  const warned = endpoints.filter(({ warnings }) => warnings.length > 0);
  if (warned.length > longestListOfWarnings)
    console.error(
      `${warned.length} of the endpoints come with warnings (docs/published-endpoints.md, or --endpoint with a few of them): ${warned.map(({ id }) => id).join(', ')}`,
    );
  else for (const { id, warnings } of warned) for (const warning of warnings) console.error(`${id} ${warning}`);
}

/** Prints published endpoints of the weekly patterns in a file (`-`: standard input). It needs no store. */
export async function endpointsOfPatterns(
  file: string,
  { endpoint, summary, format }: { readonly endpoint?: string; readonly summary?: boolean; readonly format: Format },
): Promise<void> {
  const endpoints = chooseEndpoints(endpoint);
  const patterns = await readPatterns(file, process.stdin);
  if (summary === true) await printRows(summaryColumns, summaryRows(patterns, endpoints), format);
  else if (format === 'table') await printRows(endpointColumns, tableRows(patterns, endpoints), format);
  else await printAsComputed(patterns, endpoints, format);
  sayWhatToMind(endpoints, patterns);
}
