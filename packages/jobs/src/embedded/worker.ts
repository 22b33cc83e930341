import { JobQueueInUse } from '../job-errors.ts';
import type { Handler, Worker, WorkOptions } from '../job-queue.ts';
import { checkedResult, rootOf } from '../new-job.ts';
import { Stopping } from '../stopping.ts';
import {
  afterAsked,
  begun,
  completed,
  type Flow,
  failed,
  hasEnded,
  jobsOf,
  mayRun,
  type Part,
  partsOf,
  progressed,
  putBack,
  survived,
  toForget,
} from './flow.ts';
import { type JobFolder, Unreadable } from './job-folder.ts';
import type { WorkLock } from './work-lock.ts';

/** A worker of the folder that can be told that something has changed in it. */
export interface EmbeddedWorker extends Worker {
  /** Sees what has been added and asked; resolves when it is acted upon. */
  look(): Promise<void>;
  nudge(): void;
}

export type EmbeddedWorkerOptions = WorkOptions & {
  readonly folder: JobFolder;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly lock: WorkLock;
  readonly now: () => Date;
  readonly pollMs: number;
};

/** Progress and the sign of life are written no more often. */
const progressMs = 250;
const renewMs = 5_000;

/**
 * Runs the jobs of a folder whose lock it holds. It alone changes their files, so what it knows of them is true: it reads those only that it
 * has not seen. What cannot be written now is written at a later look.
 */
export async function startEmbeddedWorker(options: EmbeddedWorkerOptions): Promise<EmbeddedWorker> {
  const { folder, handlers, lock, now, pollMs, atOnce = 1, onTrouble } = options;
  const flows = new Map<string, Flow>();
  const unsaved = new Set<string>();
  const running = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  let isStopping = false;
  /** From then on the lock is another one's: nothing is read or written any more. */
  let hasLetGo = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let renewedAt = 0;
  let tellLost: (error: JobQueueInUse) => void = () => undefined;
  const lost = new Promise<JobQueueInUse>((resolve) => {
    tellLost = resolve;
  });

  function change(id: string, how: (flow: Flow) => Flow): void {
    const flow = flows.get(rootOf(id));
    if (flow === undefined) return;
    flows.set(flow.root.id, how(flow));
    unsaved.add(flow.root.id);
  }

  /** Writes what has changed; of what changes meanwhile the rest. */
  async function save(): Promise<void> {
    for (const id of [...unsaved]) {
      const flow = flows.get(id);
      unsaved.delete(id);
      try {
        if (flow !== undefined) await folder.save(flow);
      } catch (error) {
        unsaved.add(id);
        throw error;
      }
    }
  }

  /** What cannot be read holds up nothing else: a damaged file is set aside, another is tried again at the next look. */
  async function read(id: string): Promise<Flow | undefined> {
    try {
      return await folder.read(id);
    } catch (error) {
      if (!(error instanceof Unreadable)) {
        onTrouble(error);
        return undefined;
      }
      onTrouble(await folder.setAside(error));
      return undefined;
    }
  }

  async function readNew(): Promise<void> {
    const ids = await folder.ids();
    for (const id of ids) {
      if (flows.has(id)) continue;
      const flow = await read(id);
      if (flow === undefined) continue;
      flows.set(id, flow);
      const alive = survived(flow, now()); // nobody else runs jobs: what seems to run has lost its process
      if (alive !== flow) change(id, () => alive);
    }
    const there = new Set(ids);
    for (const id of flows.keys()) if (!there.has(id) && !running.has(id) && !unsaved.has(id)) flows.delete(id);
  }

  async function hear(): Promise<void> {
    for (const ask of await folder.asks()) {
      if (ask instanceof Unreadable) {
        onTrouble(await folder.setAside(ask));
        continue;
      }
      const { asked } = ask;
      change(asked.id, (flow) => afterAsked(flow, asked, now()));
      const flow = flows.get(asked.id);
      await save();
      await folder.heard(ask);
      if (flow?.cancelling === undefined) continue;
      for (const { id } of partsOf(flow)) running.get(id)?.stop.abort(new Error(`cancelled: ${flow.cancelling}`));
    }
  }

  async function forget(): Promise<void> {
    const known = [...flows.values()].filter(({ root }) => !unsaved.has(root.id));
    for (const { root } of toForget(known, now())) {
      await folder.remove(root.id);
      flows.delete(root.id);
    }
  }

  /** The parts that may run, those of the oldest jobs first. */
  function due(): readonly Part[] {
    const open = [...flows.values()].filter(({ root }) => !hasEnded(root));
    return open
      .sort((a, b) => a.addedAt - b.addedAt || (a.root.id < b.root.id ? -1 : 1))
      .flatMap((flow) => partsOf(flow).filter((part) => !running.has(part.id) && mayRun(part, now())));
  }

  function partAt(id: string): Part | undefined {
    const flow = flows.get(rootOf(id));
    return flow && partsOf(flow).find((part) => part.id === id);
  }

  async function begin(): Promise<void> {
    for (const { id } of due()) {
      if (isStopping || running.size >= atOnce) return;
      const part = partAt(id);
      if (part === undefined || !mayRun(part, now())) continue; // while another was written, one beside it was given up
      change(id, (flow) => begun(flow, id, now()));
      try {
        await save(); // that it was begun is known before it does anything, else a job that kills its process would be begun for ever
      } catch (error) {
        change(id, (flow) => putBack(flow, id, now()));
        throw error;
      }
      const stop = new AbortController();
      const ended = Promise.resolve()
        .then(() => run(id, stop))
        .catch(onTrouble);
      running.set(id, { stop, ended });
    }
  }

  async function run(id: string, stop: AbortController): Promise<void> {
    let wroteAt = 0;
    const isMine = () => running.get(id)?.stop === stop;
    const progress = (done: number): void => {
      if (!isMine()) return;
      change(id, (flow) => progressed(flow, id, Math.min(1, Math.max(0, done))));
      if (performance.now() - wroteAt < progressMs) return;
      wroteAt = performance.now();
      nudge();
    };
    const outcome = await handle(id, stop.signal, progress).then(
      (result) => (flow: Flow) => completed(flow, id, result, now()),
      (error: unknown) => (flow: Flow) =>
        stop.signal.reason instanceof Stopping ? putBack(flow, id, now()) : failed(flow, id, error, now()),
    );
    if (!isMine()) return; // it was let go of
    running.delete(id);
    change(id, outcome);
    nudge();
  }

  async function handle(id: string, signal: AbortSignal, progress: (done: number) => void) {
    const flow = flows.get(rootOf(id));
    const job = flow && jobsOf(flow).find((one) => one.id === id);
    if (!flow || !job) throw new Error(`the job ${id} is gone`);
    const handler = handlers[job.kind];
    if (handler === undefined) throw new Error(`nobody here knows how to do jobs of kind ${job.kind}`);
    const children = job.parent === undefined ? flow.children : [];
    const results = children.map((child) => [child.id.slice(flow.root.id.length + 1), child.result ?? {}] as const);
    return checkedResult(await handler(job, { signal, progress, children: new Map(results) }));
  }

  async function lookNow(): Promise<void> {
    if (hasLetGo) return;
    if (performance.now() - renewedAt > renewMs) {
      lock.renew();
      renewedAt = performance.now();
    }
    await save();
    await readNew();
    await hear();
    if (!isStopping) await begin();
    await forget();
  }

  /** Another process has the lock, because this one did not show itself for long: what runs here runs there again. */
  function lose(error: JobQueueInUse): void {
    isStopping = true;
    hasLetGo = true;
    for (const { stop } of running.values()) stop.abort(error);
    running.clear();
    tellLost(error);
  }

  const look = (): Promise<void> => {
    looking = looking.then(lookNow).catch((error: unknown) => {
      if (error instanceof JobQueueInUse) lose(error);
      onTrouble(error);
    });
    return looking;
  };
  let isNudged = false;
  const nudge = (): void => {
    if (isNudged) return;
    isNudged = true;
    setImmediate(() => {
      isNudged = false;
      void look();
    });
  };
  const lookLater = () => {
    timer = setTimeout(async () => {
      await look();
      if (!isStopping) lookLater();
    }, pollMs);
  };

  let stopped: Promise<void> | undefined;
  async function stopWithin(graceMs: number): Promise<void> {
    isStopping = true;
    clearTimeout(timer);
    await looking;
    for (const { stop } of running.values()) stop.abort(new Stopping('the worker stops'));
    let patience: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.allSettled([...running.values()].map(({ ended }) => ended)),
      new Promise((resolve) => {
        patience = setTimeout(resolve, graceMs);
      }),
    ]);
    clearTimeout(patience);
    for (const id of running.keys()) change(id, (flow) => putBack(flow, id, now()));
    running.clear();
    await look();
    hasLetGo = true;
    lock.giveBack();
  }

  await folder.sweep(now());
  await lookNow();
  lookLater();
  return {
    look,
    nudge,
    lost,
    stop(graceMs) {
      stopped ??= stopWithin(graceMs);
      return stopped;
    },
  };
}
