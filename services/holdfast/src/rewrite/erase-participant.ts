import { opener } from '@holdfast/access';
import { readHistories } from '@holdfast/aggregate';
import type { KeysAtHand } from '@holdfast/ingest';
import { recordsBetween, StoreInUse } from '@holdfast/log';
import { otherProcessesOn, writeLogAnew } from '@holdfast/log/embedded';
import { foldOpen } from '@holdfast/outcomes';
import { type PublishedTrial, type RewriteUnderWay, recordRewrite, topicsOf } from '@holdfast/trials';
import { CommandFailed } from '../command-failed.ts';
import { haveWorkers } from '../folding.ts';
import { type CommonOptions, chooseTrial, openStore, type Store } from '../store.ts';
import { eraseBesideTheLog, reportsNaming, type Sought } from './beside-the-log.ts';
import { type Erasure, erasedId, erasuresOf, erasuresOfParticipant, isErased } from './erasure-record.ts';
import { everybodyIn, type Found, type Survey, surveyOf } from './erasure-survey.ts';
import { filesNaming } from './files-naming.ts';
import { leavingOf, partIn } from './leaving.ts';
import { anywhere, namedBy } from './named.ts';
import { auditRewrite, comeOver, refuseWithoutKey, type Say, settled, switchLog } from './rewrite-log.ts';

export type AskedErasure = {
  readonly trial: string | undefined;
  readonly participant: string;
  readonly reason: string;
};

function keysAtHand({ keys }: Store): KeysAtHand {
  return new Map([...keys.values()].map((key) => [key.keyId, { trial: key.trial, opener: opener(key) }]));
}

async function soughtIn(store: Store, trial: PublishedTrial, participant: string): Promise<Sought> {
  const named = namedBy(participant, await everybodyIn(store, trial));
  const { trial: name } = trial.protocol;
  const keys = keysAtHand(store);
  return { named, leaving: leavingOf(named, name, keys), partOf: (record) => partIn(record, named, name, keys) };
}

const inWords = ({ edition, reason, begun, beside, state }: Erasure) =>
  `${state === 'erased' ? 'erased' : 'an erasure is under way, begun'} at ${(beside ?? begun).at} by ${(beside ?? begun).who} (edition ${edition}; ${reason})`;

/** What erasing a participant would change; and the erasure of somebody that is switched and has to be finished first. */
export async function planErasure(
  store: Store,
  trial: PublishedTrial,
  participant: string,
): Promise<{ readonly found: readonly Found[]; readonly isBegun: boolean; readonly isNumber: boolean }> {
  refuseWithoutKey(store, trial);
  const isBegun = (await switchedErasure(store, trial, participant)) !== undefined;
  const sought = await soughtIn(store, trial, participant);
  const survey = await surveyOf(store, trial, sought);
  if (!isBegun) await refuseUnknown(store, trial, participant, survey);
  return { found: survey.found, isBegun, isNumber: sought.named.isNumber };
}

async function refuseUnknown(
  store: Store,
  trial: PublishedTrial,
  participant: string,
  { isKnown }: Survey,
): Promise<void> {
  if (isKnown) return;
  const said = (await erasuresOfParticipant(store, trial, participant)).map(inWords);
  throw new CommandFailed(
    `nothing in ${trial.protocol.trial} is of participant ${participant}${said.length > 0 ? `: ${said.join('; ')}` : ', under this id; look it up by `holdfast facts` or `holdfast issues`'}`,
  );
}

/** The erasure of this participant that was switched to and is not finished. Refuses another participant as long as there is one. */
async function switchedErasure(
  store: Store,
  trial: PublishedTrial,
  participant: string,
): Promise<{ readonly rewrite: RewriteUnderWay; readonly erasure: Erasure } | undefined> {
  const { rewrite, protocol } = trial;
  if (rewrite === undefined || !rewrite.erases || rewrite.copied === undefined) return undefined;
  const erasure = (await erasuresOf(store, trial)).find(({ edition }) => edition === rewrite.edition);
  if (erasure === undefined)
    throw new CommandFailed(
      `the audit log of ${protocol.trial} does not tell of the erasure that is under way; restore it from a backup`,
    );
  if (!(await isErased(protocol.trial, participant, erasure.erased)))
    throw new CommandFailed(
      `the erasure of another participant of ${protocol.trial}, begun at ${erasure.begun.at} by ${erasure.begun.who}, is not finished; repeat that one first`,
    );
  return { rewrite, erasure };
}

/** Whether a participant counts among those whom the trial has randomised: then it goes on counting when erased, or a trial that is over would be no more. */
async function wasRandomised({ log }: Store, { protocol }: PublishedTrial, participant: string): Promise<boolean> {
  const { histories } = await readHistories(log, protocol, { opener: undefined, participant });
  return histories.some(
    ({ history, clock }) => foldOpen(protocol, participant, history.open, clock).dayZero !== undefined,
  );
}

/** Nobody else may have an embedded store open, whose pages are to be written anew; on a cluster nobody may fold the trial. */
async function refuseOthers(store: Store, trial: PublishedTrial): Promise<void> {
  const { places } = store;
  if (await haveWorkers(store, trial))
    throw new CommandFailed(
      `workers keep the shards of ${trial.protocol.trial}, and their files hold what is to be erased; stop them (\`holdfast serve aggregate\`), and with them doors and report services (\`holdfast serve ingest\`, \`drop\`, \`report\`), then repeat this command`,
    );
  if (places.log.kind !== 'embedded') return;
  const others = await otherProcessesOn(places.log);
  if (others.length > 0) throw othersUse(others.join(', '));
}

const othersUse = (pids: string) =>
  new CommandFailed(
    `the store is open in another process (pid ${pids}: \`holdfast serve\`, or another command); its files are written anew, so nobody may use it meanwhile: end it (\`kill ${pids.replaceAll(',', '')}\`, or stop its service), then repeat this command`,
  );

/** What became of an erasure. */
export type Erased = {
  readonly trial: string;
  readonly edition: number;
  readonly leftOut: Erasure['leftOut'];
  readonly beside: NonNullable<Erasure['beside']>['step'];
  /** Events of the participant that came in meanwhile. */
  readonly cameMeanwhile: number;
  /** Files of the store in which the bytes of the id stand; undefined where it is a number, and cannot be looked for. */
  readonly stillNaming: readonly string[] | undefined;
  /** Text files of stored reports in which the id stands. */
  readonly reports: readonly string[];
};

/**
 * Erases a participant from a trial: moves its log to a new edition without the participant (copied, replayed, compared, switched), then
 * takes away what lies beside it, then writes the pages of an embedded log anew. Repeated after whoever was killed at it.
 */
export async function eraseParticipant(options: CommonOptions, asked: AskedErasure, say: Say): Promise<Erased> {
  const { participant, reason } = asked;
  if (namedBy(participant, []).isIn(reason) || reason.toLowerCase().includes(participant.toLowerCase()))
    throw new CommandFailed(
      '--reason names the participant, and it stays on record; say why without the id (a request’s number, perhaps)',
    );
  const begun = await openStore(options, 'write', (store) => eraseWhatIsRead(store, asked, say));
  if (begun.place.kind === 'embedded') {
    say('writing the files of the log anew …');
    try {
      await writeLogAnew(begun.place);
    } catch (error) {
      if (error instanceof StoreInUse) throw othersUse(/process ([\d, ]+)/.exec(error.message)?.[1] ?? '?');
      throw error;
    }
  }
  return openStore(options, 'write', (store) => finish(store, begun.trial, participant));
}

async function eraseWhatIsRead(store: Store, { trial: name, participant, reason }: AskedErasure, say: Say) {
  const published = chooseTrial(store, name);
  const { trial } = published.protocol;
  refuseWithoutKey(store, published); // also to finish: what is sealed has to be found beside the log too
  await refuseOthers(store, published);
  let switched = await switchedErasure(store, published, participant);
  let after = published;
  if (switched === undefined) {
    say('looking where the participant is …');
    const former = await settled(store, published, say);
    const sought = await soughtIn(store, former, participant);
    await refuseUnknown(store, former, participant, await surveyOf(store, former, sought));
    const isRandomised = await wasRandomised(store, former, participant);
    const record = { erased: await erasedId(trial, participant), reason };
    const { partitions } = former.protocol;
    const moved = await switchLog(
      store,
      former,
      { partitions, erasing: { leaving: sought.leaving, record, isRandomised } },
      say,
    );
    after = moved.after;
    switched = await switchedErasure(store, after, participant);
  }
  if (switched === undefined) throw new Error('an erasure that was switched to is under way');
  const { rewrite, erasure } = switched;
  const sought = await soughtIn(store, after, participant);
  await comeOver(store, after, rewrite, sought.leaving, say);
  say('erasing what lies beside the log …');
  const { edition, erased } = erasure;
  await eraseBesideTheLog(store, after, edition, sought, async (found) => {
    if (erasure.beside === undefined)
      await auditRewrite(store, after, { step: 'erased', edition, erased, reason: erasure.reason, ...found });
  });
  return { trial, place: store.places.log };
}

/** Records that all is done, and looks once more. */
async function finish(store: Store, trial: string, participant: string): Promise<Erased> {
  const { log, settings, places } = store;
  const published = chooseTrial(store, trial);
  const switched = await switchedErasure(store, published, participant);
  const beside = switched?.erasure.beside;
  if (switched === undefined || beside === undefined)
    throw new CommandFailed(`the erasure in ${trial} was finished by another process meanwhile`);
  const { rewrite, erasure } = switched;
  const { named, leaving } = await soughtIn(store, published, participant);
  const { name, partitions } = topicsOf(published.protocol).events;
  let cameMeanwhile = 0;
  for (let partition = 0; partition < partitions; partition += 1)
    for await (const records of recordsBetween(log, name, partition))
      cameMeanwhile += records.filter(leaving.isEventOut).length;
  const isHere = places.log.kind === 'embedded';
  const stillNaming = named.isNumber ? undefined : isHere ? await filesNaming(settings.data, anywhere(named)) : [];
  const reports = await reportsNaming(store, trial, named);
  await recordRewrite(log, trial, rewrite, { step: 'finished' }, new Date());
  const { edition } = rewrite;
  return { trial, edition, leftOut: erasure.leftOut, beside: beside.step, cameMeanwhile, stillNaming, reports };
}
