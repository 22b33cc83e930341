import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Job, JobDone } from './apart-job.ts';
import { anonymousMemory, endingWithUs } from './process-use.ts';

const sampleMs = 200;

/** Runs a job in a process of its own, so that time, processor and memory are those of the job alone. */
export async function apart(job: Job, data: string): Promise<JobDone & { readonly peakMemory: number }> {
  const child = endingWithUs(fork(new URL('./apart-job.js', import.meta.url), [job, data]));
  let peakMemory = 0;
  let done: JobDone | undefined;
  child.on('message', (message) => {
    done = message as JobDone;
  });
  const sampling = setInterval(async () => {
    peakMemory = Math.max(peakMemory, await anonymousMemory(child.pid));
  }, sampleMs);
  const [code] = await once(child, 'exit');
  clearInterval(sampling);
  if (done === undefined) throw new Error(`the process that ran ${job} ended with exit code ${code} and said nothing`);
  return { ...done, peakMemory };
}
