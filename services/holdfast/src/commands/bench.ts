import { mkdtempSync, rmSync } from 'node:fs';
import { statfs, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { forgetSettings, onSignal } from '@holdfast/runtime';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Bench, type Figure, isMet } from '../bench/figures.ts';
import { startNativeCluster } from '../bench/native-cluster.ts';
import { clusterWorkloads, workloads } from '../bench/workloads.ts';
import { printRows, write } from '../output/print-rows.ts';
import { progressOn } from '../output/progress.ts';

type BenchOptions = {
  readonly scale?: number;
  readonly quick?: true;
  readonly full?: true;
  readonly cluster?: true;
  readonly format: 'table' | 'json';
  readonly folder: string;
  readonly out?: string;
};

const scales = { quick: 0.002, usual: 0.1, full: 1 };

function scaleNumber(text: string): number {
  const scale = Number(text);
  if (!(scale > 0 && scale <= 1)) throw new InvalidArgumentError('a scale is a number above 0, and 1 at most.');
  return scale;
}

const tmpfs = 0x01021994;

/** A workload on servers of its own, which end with it. */
async function measureOnCluster(name: string, bench: Bench): Promise<readonly Figure[]> {
  bench.say(`${name}: starting Kafka and S3 …`);
  const cluster = await startNativeCluster();
  try {
    forgetSettings(cluster.settings);
    return (await clusterWorkloads(cluster.settings.HOLDFAST_S3 ?? '')[name]?.(bench)) ?? [];
  } finally {
    forgetSettings();
    await cluster.stop();
  }
}

/** Each workload on a store of its own, which goes afterwards, also when told to stop. */
async function measure(names: readonly string[], scale: number, within: string, onCluster: boolean): Promise<Figure[]> {
  if ((await statfs(within)).type === tmpfs)
    console.error(
      `${within} lies in memory: what is made durable there costs nothing; name a folder on a disk by --folder`,
    );
  const progress = progressOn(process.stderr, 0);
  const figures: Figure[] = [];
  for (const name of names) {
    let folder: string | undefined;
    const remove = () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    process.once('exit', remove);
    // Listens before there is anything to leave behind.
    const stopListening = onSignal((signal) => process.exit(signal === 'SIGINT' ? 130 : 143));
    try {
      folder = mkdtempSync(join(within, 'holdfast-bench-'));
      const bench = { scale, data: join(folder, 'store'), say: progress.step };
      figures.push(...(await (onCluster ? measureOnCluster(name, bench) : (workloads[name]?.(bench) ?? []))));
    } finally {
      stopListening();
      process.off('exit', remove);
      remove();
    }
  }
  progress.done();
  return figures;
}

const askedInWords = ({ asked }: Figure): string | undefined =>
  asked === undefined ? undefined : 'atLeast' in asked ? `≥ ${asked.atLeast}` : `≤ ${asked.atMost}`;

const metInWords = (figure: Figure, scale: number): string | undefined => {
  const met = isMet(figure, scale);
  return met === undefined ? undefined : met ? 'yes' : 'no';
};

/** A figure for the eye: three digits say enough. */
const shown = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toPrecision(3);

async function bench(
  names: readonly string[],
  { scale, quick, full, cluster, folder, format, out }: BenchOptions,
): Promise<void> {
  // What is measured runs by the default settings; and a drop folder that is named must not be emptied into a store that goes.
  forgetSettings();
  const size = scale ?? (quick ? scales.quick : full ? scales.full : scales.usual);
  const figures = await measure(names, size, folder, cluster === true);
  const measured = {
    date: new Date().toISOString(),
    machine: { processor: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) },
    node: process.version,
    scale: size,
    on: cluster === true ? 'cluster' : 'embedded',
    figures: figures.map((figure) => {
      const met = isMet(figure, size);
      return met === undefined ? figure : { ...figure, met };
    }),
  };
  const json = `${JSON.stringify(measured, null, 1)}\n`;
  if (out !== undefined) await writeFile(out, json);
  if (format === 'json') return write(json);
  await printRows(
    ['workload', 'figure', 'value', 'unit', 'asked', 'met'],
    figures.map((one) => [
      one.workload,
      one.figure,
      shown(one.value),
      one.unit,
      askedInWords(one),
      metInWords(one, size),
    ]),
    'table',
  );
  const { processor, cores, memoryGiB } = measured.machine;
  console.error(`scale ${size}, ${cores} cores (${processor}), ${memoryGiB} GiB, Node ${measured.node}`);
}

export function benchCommand(program: Command): void {
  const all = Object.keys(workloads);
  const onCluster = Object.keys(clusterWorkloads(''));
  program
    .command('bench')
    .argument(
      '[workloads...]',
      `which to run (default: all of ${all.join(', ')}; with --cluster of ${onCluster.join(', ')})`,
    )
    .description('measure this machine: made trials through the whole path, against yardsticks that are run beside it')
    .option('--scale <part>', 'size, as a part of what is asked for (default: 0.1)', scaleNumber)
    .addOption(new Option('--quick', 'as small as it goes: whether it runs, no figures to show').conflicts('scale'))
    .addOption(
      new Option('--full', 'all that is asked for: 10 million events, 5 minutes of trickle').conflicts([
        'scale',
        'quick',
      ]),
    )
    .option('--cluster', 'on Kafka and S3, started for each workload on this machine (docs/performance.md)')
    .addOption(new Option('--format <format>', 'how to print figures').choices(['table', 'json']).default('table'))
    .addOption(
      new Option('--folder <folder>', 'where stores are made, and removed').default(
        tmpdir(),
        "the system's folder for temporary files",
      ),
    )
    .option('--out <file>', 'write the figures as JSON to this file too')
    .addHelpText(
      'after',
      `
Times of what is made durable are those of the disk that the folder lies on. Whether a figure is met is said at the size that is asked for
alone, of ratios from a scale of 0.1 on. Ratios are of runs that take turns, so they mean more than
times on a machine that does other things too. docs/performance.md says what each figure is, and where the time goes.`,
    )
    .action((names: string[], options: BenchOptions, command: Command) => {
      const there = options.cluster === true ? onCluster : all;
      const unknown = names.find((name) => !there.includes(name));
      if (unknown !== undefined) command.error(`error: there is no workload ${unknown}; there are ${there.join(', ')}`);
      return bench(names.length === 0 ? there : names, options);
    });
}
