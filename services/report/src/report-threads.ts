import { Worker } from 'node:worker_threads';
import type { ObjectsPlace } from '@holdfast/objects';
import type { CutOfReport, CutSide } from './cut-of-report.ts';
import type { ReportToMake } from './render-report.ts';
import { type Failure, ReportFailed } from './what-failed.ts';

/** A call, by message: one at a time for each thread. */
export type ToThread =
  | { readonly do: 'fold'; readonly of: CutOfReport; readonly side: CutSide; readonly partition: number }
  | { readonly do: 'render'; readonly toMake: ReportToMake };
export type FromThread =
  | { readonly is: 'step'; readonly text: string }
  | { readonly is: 'done'; readonly report: string }
  | { readonly is: 'failed'; readonly failure: Failure };

/** Threads that fold and render, so that whoever else runs in the process is not held up; they keep what they have loaded. */
export interface ReportThreads {
  /** Starts them all now, for whoever is about to need them; else each starts with its first task. */
  startAll(): void;
  /** Folds a partition of a cut, so that it is there for every report of that side. */
  fold(of: CutOfReport, side: CutSide, partition: number, signal: AbortSignal): Promise<void>;
  /** Renders a report and keeps it; answers its id. */
  render(toMake: ReportToMake, signal: AbortSignal, step: (text: string) => void): Promise<string>;
  stop(): Promise<void>;
}

type Task = {
  readonly call: ToThread;
  readonly signal: AbortSignal;
  step(text: string): void;
  resolve(report: string): void;
  reject(error: unknown): void;
};

const died = (cause?: unknown) =>
  new ReportFailed(
    { message: 'the thread that made it has died, maybe for want of memory', code: '', retryable: true },
    { cause },
  );

export function startReportThreads({
  count,
  places,
}: {
  readonly count: number;
  readonly places: { readonly objects: ObjectsPlace; readonly closedObjects: ObjectsPlace };
}): ReportThreads {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const waiting: Task[] = [];
  /** Signals that are listened to: one may be of many tasks. */
  const heard = new WeakSet<AbortSignal>();
  let isStopped = false;

  function begun(): Worker {
    const { objects, closedObjects } = places;
    const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: { objects, closedObjects } });
    all.add(worker);
    worker.unref(); // whoever waits for it holds the process
    worker.on('error', () => undefined); // whose task it has hears of it
    worker.once('exit', () => {
      all.delete(worker);
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    });
    return worker;
  }

  function next(): void {
    while (waiting.length > 0 && !isStopped) {
      const worker = idle.pop() ?? (all.size < count ? begun() : undefined);
      if (worker === undefined) return;
      const task = waiting.shift();
      if (task !== undefined) run(worker, task);
    }
  }

  function run(worker: Worker, task: Task): void {
    worker.ref();
    let isOver = false;
    const end = (settle: () => void, isUsable: boolean): void => {
      if (isOver) return;
      isOver = true;
      task.signal.removeEventListener('abort', abort);
      for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
      worker.unref();
      settle();
      if (isUsable) idle.push(worker);
      next();
    };
    // What computes cannot be interrupted but with its thread.
    const abort = () => {
      all.delete(worker);
      void worker.terminate();
      end(() => task.reject(task.signal.reason), false);
    };
    const listeners = {
      message(message: FromThread) {
        if (message.is === 'step') task.step(message.text);
        else if (message.is === 'done') end(() => task.resolve(message.report), true);
        else end(() => task.reject(new ReportFailed(message.failure)), true);
      },
      error: (cause: unknown) => end(() => task.reject(died(cause)), false),
      exit: () => end(() => task.reject(died()), false),
    };
    for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
    if (task.signal.aborted) {
      abort();
      return;
    }
    task.signal.addEventListener('abort', abort);
    worker.postMessage(task.call);
  }

  const ask = (call: ToThread, signal: AbortSignal, step: (text: string) => void): Promise<string> =>
    new Promise((resolve, reject) => {
      if (isStopped || signal.aborted) return reject(signal.reason ?? died());
      waiting.push({ call, signal, step, resolve, reject });
      if (!heard.has(signal)) signal.addEventListener('abort', () => giveUp(signal), { once: true });
      heard.add(signal);
      next();
    });

  /** What no thread has taken up need not wait for one to hear that it is not wanted. */
  function giveUp(signal: AbortSignal): void {
    for (const task of waiting.splice(0)) {
      if (task.signal === signal) task.reject(signal.reason);
      else waiting.push(task);
    }
  }

  return {
    startAll() {
      while (all.size < count) idle.push(begun());
    },
    async fold(of, side, partition, signal) {
      await ask({ do: 'fold', of, side, partition }, signal, () => undefined);
    },
    render: (toMake, signal, step) => ask({ do: 'render', toMake }, signal, step),
    async stop() {
      isStopped = true;
      for (const { reject } of waiting.splice(0)) reject(died());
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
