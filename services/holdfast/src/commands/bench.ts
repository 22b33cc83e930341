import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { forgetSettings } from '@holdfast/runtime';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Figure, isMet } from '../bench/figures.ts';
import { workloads } from '../bench/workloads.ts';
import { printRows, write } from '../output/print-rows.ts';
import { progressOn } from '../output/progress.ts';

type BenchOptions = {
  readonly scale?: number;
  readonly quick?: true;
  readonly full?: true;
  readonly format: 'table' | 'json';
  readonly out?: string;
};

const scales = { quick: 0.002, usual: 0.1, full: 1 };

function scaleNumber(text: string): number {
  const scale = Number(text);
  if (!(scale > 0 && scale <= 1)) throw new InvalidArgumentError('a scale is a number above 0, and 1 at most.');
  return scale;
}

/** Each workload on a store of its own, which goes afterwards. */
async function measure(names: readonly string[], scale: number): Promise<Figure[]> {
  const progress = progressOn(process.stderr, 0);
  const figures: Figure[] = [];
  for (const name of names) {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
    try {
      const bench = { scale, data: join(folder, 'store'), say: progress.step };
      figures.push(...((await workloads[name]?.(bench)) ?? []));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  progress.done();
  return figures;
}

const askedInWords = ({ asked }: Figure): string | undefined =>
  asked === undefined ? undefined : 'atLeast' in asked ? `≥ ${asked.atLeast}` : `≤ ${asked.atMost}`;

const metInWords = (figure: Figure): string | undefined => {
  const met = isMet(figure);
  return met === undefined ? undefined : met ? 'yes' : 'no';
};

/** A figure for the eye: three digits say enough. */
const shown = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toPrecision(3);

async function bench(names: readonly string[], { scale, quick, full, format, out }: BenchOptions): Promise<void> {
  // What is measured runs by the default settings; and a drop folder that is named must not be emptied into a store that goes.
  forgetSettings();
  const size = scale ?? (quick ? scales.quick : full ? scales.full : scales.usual);
  const figures = await measure(names, size);
  const measured = {
    date: new Date().toISOString(),
    machine: { processor: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) },
    node: process.version,
    scale: size,
    figures: figures.map((figure) => {
      const met = isMet(figure);
      return met === undefined ? figure : { ...figure, met };
    }),
  };
  const json = `${JSON.stringify(measured, null, 1)}\n`;
  if (out !== undefined) await writeFile(out, json);
  if (format === 'json') return write(json);
  await printRows(
    ['workload', 'figure', 'value', 'unit', 'asked', 'met'],
    figures.map((one) => [one.workload, one.figure, shown(one.value), one.unit, askedInWords(one), metInWords(one)]),
    'table',
  );
  const { processor, cores, memoryGiB } = measured.machine;
  console.error(`scale ${size}, ${cores} cores (${processor}), ${memoryGiB} GiB, Node ${measured.node}`);
}

export function benchCommand(program: Command): void {
  const all = Object.keys(workloads);
  program
    .command('bench')
    .argument('[workloads...]', `which to run (default: all of ${all.join(', ')})`)
    .description('measure this machine: made trials through the whole path, against yardsticks that are run beside it')
    .option('--scale <part>', 'size, as a part of what is asked for (default: 0.1)', scaleNumber)
    .addOption(new Option('--quick', 'as small as it goes: whether it runs, no figures to show').conflicts('scale'))
    .addOption(
      new Option('--full', 'all that is asked for: 10 million events, 5 minutes of trickle').conflicts([
        'scale',
        'quick',
      ]),
    )
    .addOption(new Option('--format <format>', 'how to print figures').choices(['table', 'json']).default('table'))
    .option('--out <file>', 'write the figures as JSON to this file too')
    .addHelpText(
      'after',
      `
Stores are made in the system's folder for temporary files, and removed. Ratios are of runs that take turns, so they mean more than
times on a machine that does other things too. docs/performance.md says what each figure is, and where the time goes.`,
    )
    .action((names: string[], options: BenchOptions, command: Command) => {
      const unknown = names.find((name) => !all.includes(name));
      if (unknown !== undefined) command.error(`error: there is no workload ${unknown}; there are ${all.join(', ')}`);
      return bench(names.length === 0 ? all : names, options);
    });
}
