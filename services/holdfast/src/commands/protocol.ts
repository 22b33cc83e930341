import { readFile } from 'node:fs/promises';
import { type AnchoredDay, type PatternRule, type Protocol, parseProtocol } from '@holdfast/events';
import { foldVersion, isOpenMeasure } from '@holdfast/outcomes';
import { factorsOf } from '@holdfast/reports/rows';
import { publishProtocol, readIgnored, readTallies, readTrials, topicsOf } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { canBeFolded } from '../folding.ts';
import { buildShards } from '../intake.ts';
import { type Format, formatOption } from '../output/format.ts';
import { measureInWords } from '../output/measure-in-words.ts';
import {
  datesInWords,
  estimandInWords,
  groupInWords,
  populationInWords,
  scheduleInWords,
} from '../output/parts-in-words.ts';
import { printRows } from '../output/print-rows.ts';
import { type Store, withStore } from '../store.ts';

async function readProtocol(file: string): Promise<Protocol> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CommandFailed(
      `cannot read protocol ${file} (${(cause as NodeJS.ErrnoException).code}); look at the path`,
      { cause },
    );
  }
  const parsed = parseProtocol(text);
  if (parsed.ok) {
    refuseClosedConditions(file, parsed.value);
    return parsed.value;
  }
  for (const { path, message } of parsed.problems) console.error(`${file}: ${path}: ${message}`);
  throw new CommandFailed(
    `${file} is no valid protocol: ${parsed.problems.length} problem${parsed.problems.length === 1 ? '' : 's'}, named above`,
  );
}

/** Blinded people see when a report is made, so what it waits for may depend on open events alone. */
function refuseClosedConditions(file: string, protocol: Protocol): void {
  for (const { id, when } of protocol.reports ?? []) {
    const measure = 'measure' in when && protocol.measures.find((one) => one.id === when.measure);
    if (measure && !isOpenMeasure(measure, protocol))
      throw new CommandFailed(
        `${file}: the report ${id} waits for ${measure.id}, which is made of sealed events, and blinded people see when it is made; choose an open measure`,
      );
  }
}

const anchorInWords: Record<AnchoredDay['anchor'], string> = {
  consent: 'consent',
  randomisation: 'randomisation',
  'second-randomisation': 'the second randomisation',
};

function anchoredInWords(days: readonly AnchoredDay[]): string {
  return days.map(({ anchor, day }) => `day ${day} from ${anchorInWords[anchor]}`).join(', else ');
}

function patternInWords(rule: PatternRule): string {
  const { first, last, weekOne, phaseTwo, substances, studyDrugs, negative, emptyBeforeWeekOne } = rule;
  const negatives = negative.map((what) => (what === 'tested' ? 'a urine negative for all of them' : 'a kept visit'));
  const empty =
    emptyBeforeWeekOne === 'unscheduled'
      ? 'unscheduled'
      : `missing where a visit, due every ${emptyBeforeWeekOne.visitDueEvery} days from consent, was not kept, else unscheduled`;
  return [
    `weekly use pattern${rule.default ? ' (the default)' : ''}: positive is a urine with ${substances.join(' or ')}${studyDrugs === 'excluded' ? ', but for what the participant’s own arm gives' : ''}`,
    `negative is ${negatives.join(', or ')}`,
    `days: from ${anchoredInWords(first)} to ${anchoredInWords(last)}`,
    `week 1 begins on ${anchoredInWords(weekOne)}`,
    ...(phaseTwo.length === 0 ? [] : [`phase 2 begins with the week of ${anchoredInWords(phaseTwo)}`]),
    `an empty week before week 1 is ${empty}`,
    `who is never randomised ${rule.neverRandomised === 'positives-only' ? 'has positive days only' : 'is read alike'}`,
  ].join('; ');
}

function amendmentInWords({ appliesTo, from }: NonNullable<Protocol['amendment']>): string {
  if (appliesTo === 'everybody') return 'its visits, windows and entry lag hold for everybody';
  const since = from === undefined ? 'its publication' : from;
  return `its visits, windows and entry lag hold for those randomised from ${since} on; others keep theirs`;
}

/** A protocol in sentences, so that a trial manager can say whether it is what was meant. */
function inWords(protocol: Protocol): string {
  const { evidence } = protocol;
  const factors = factorsOf(protocol);
  return [
    `${protocol.trial}, version ${protocol.version}: ${protocol.title}`,
    `  ${protocol.blinding === 'double' ? 'double-blind: arms and what tells of them are sealed' : 'open-label: nothing is sealed'}; clock ${protocol.clock}; ${protocol.partitions} partition(s)`,
    `  arms: ${protocol.arms.map(({ id, control, studyDrugs = [] }) => `${id}${studyDrugs.length === 0 ? '' : ` (gives ${studyDrugs.join(', ')})`}${control === true ? ' (control)' : ''}`).join(' | ')}`,
    ...[...factors].map(([name, levels]) => `  factor ${name}: ${levels.join(' | ')}`),
    `  sites: ${protocol.sites.join(', ')}`,
    ...(protocol.amendment === undefined ? [] : [`  amendment: ${amendmentInWords(protocol.amendment)}`]),
    `  planned follow-up to study day ${protocol.plannedFollowUp}; entry lag ${protocol.entryLag} days; ${protocol.visits.length} scheduled visits`,
    `  a substance that a urine screen does not name is ${evidence.unnamed}; a kept visit without a urine screen is ${evidence.attendedVisit === 'nothing' ? 'no evidence' : 'evidence of no use'}`,
    `  ${datesInWords(protocol)}`,
    ...protocol.populations.map((population) => `  population ${population.id}: ${populationInWords(population)}`),
    ...protocol.groups.map((group) => `  group ${group.id}: ${groupInWords(group)}`),
    ...(protocol.periods === undefined ? [] : [`  periods: ${protocol.periods.map(({ id }) => id).join(', ')}`]),
    ...protocol.measures.map((measure) => `  ${measure.id}: ${measureInWords(measure)}`),
    ...protocol.patterns.map((rule) => `  ${rule.id}: ${patternInWords(rule)}`),
    ...(protocol.estimands ?? []).map((estimand) => `  estimand ${estimand.id}: ${estimandInWords(estimand)}`),
    ...(protocol.reports ?? []).map((schedule) => `  ${schedule.id}: ${scheduleInWords(schedule, protocol)}`),
  ].join('\n');
}

/** Whether the tallies that answer now are of the newest version and this fold. */
async function standsOnNewest({ log }: Store, protocol: Protocol): Promise<boolean> {
  const { positions } = await readTallies(log, protocol, 'open');
  return positions.every(
    (position) => position?.protocolVersion === protocol.version && position.foldVersion === foldVersion,
  );
}

/**
 * After an amendment the numbers that are shown should be its own: builds its shards beside the old ones, and lets them answer. Does
 * nothing where they answer already, so that a publication that was broken off can be repeated.
 */
async function rebuild(store: Store, trial: string): Promise<void> {
  const { log } = store;
  const published = (await readTrials(log)).get(trial);
  if (published === undefined) return;
  const { version, clock } = published.protocol;
  const events = (await log.ends(topicsOf(published.protocol).events.name)).reduce((sum, end) => sum + end, 0);
  if (events === 0 || (await standsOnNewest(store, published.protocol))) return;
  const replay = `holdfast replay --trial ${trial}`;
  if (!(await canBeFolded(store, published))) {
    console.error(
      `its ${events} events cannot be folded by version ${version} without the key; the version before it answers until \`${replay} --key FILE\``,
    );
    return;
  }
  console.error(`folding ${events} events by version ${version}; until it is done the version before it answers …`);
  const started = Date.now();
  try {
    await buildShards(store, published);
  } catch (cause) {
    throw new CommandFailed(
      `version ${version} is published, but its tallies could not be built (${cause instanceof Error ? cause.message : cause}); the version before it answers until \`${replay}\``,
      { cause },
    );
  }
  console.error(`rates are now by version ${version} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (clock === 'imported')
    console.error(
      'its clock stands where the last import set it: if this version follows participants for longer, import the tables once more',
    );
}

export function protocolCommand(program: Command): void {
  const protocol = program.command('protocol').description('check, publish and list the protocols that declare trials');
  protocol
    .command('check <file>')
    .description('validate a protocol file and say in words what it declares')
    .action(async (file: string) => console.log(inWords(await readProtocol(file))));
  protocol
    .command('publish <file>')
    .description('validate a protocol file and publish it: from then on events of its trial are taken in')
    .action(async (file: string, _options: unknown, command: Command) => {
      const read = await readProtocol(file);
      await withStore(command, 'create', async (store) => {
        const { log, trials } = store;
        const outcome = await publishProtocol(log, read);
        console.error(`${read.trial} version ${read.version}: ${outcome}`);
        if (read.blinding === 'double' && trials.get(read.trial)?.key === undefined) {
          console.error(
            `it is double-blind: run \`holdfast keys create --trial ${read.trial} --out FILE\` before the first event`,
          );
        }
        await rebuild(store, read.trial);
      });
    });
  protocol
    .command('list')
    .description('the published protocols')
    .addOption(formatOption())
    .action(async (options: { format: Format }, command: Command) => {
      await withStore(command, 'read', async ({ log, trials }) => {
        const columns = [
          'trial',
          'version',
          'blinding',
          'clock',
          'partitions',
          'arms',
          'sites',
          'measures',
          'key',
          'title',
        ];
        const rows = [...trials.values()].flatMap(({ versions, key }) =>
          versions.map((p) => [
            p.trial,
            p.version,
            p.blinding,
            p.clock,
            p.partitions,
            p.arms.length,
            p.sites.length,
            p.measures.map(({ id }) => id).join(' '),
            key?.keyId,
            p.title,
          ]),
        );
        await printRows(columns, rows, options.format);
        for (const { trial, what, reason } of await readIgnored(log))
          console.error(`${trial}: ${what} does not count: ${reason}`);
      });
    });
}
