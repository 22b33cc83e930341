// One process of a test that runs jobs: `node one.mjs ADAPTER OPTIONS [RESULTS]`. It uses the built package, as a process of its own does.
import { writeSync } from 'node:fs';
import { link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const [adapter, options, results] = process.argv.slice(2);
const queues = {
  embedded: async () => (await import('../../dist/embedded/index.js')).embeddedJobQueue,
  bullmq: async () => (await import('../../dist/bullmq/index.js')).bullmqJobQueue,
};
const queue = (await queues[adapter]())(JSON.parse(options));

/** At once, so that what was said is heard even if the process is killed. */
const say = (message) => writeSync(1, `${JSON.stringify(message)}\n`);

/** Writes once, as a report is written: the same again changes nothing. */
async function writeOnce(name, text) {
  const draft = join(results, `.${name}.${process.pid}.${Math.random()}`);
  await writeFile(draft, text);
  await link(draft, join(results, name)).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
    say({ again: name });
  });
}

const handlers = {
  async hang(job) {
    say({ running: job.id });
    await new Promise(() => undefined);
  },
  async part(job, { progress }) {
    for (let done = 0; done < 1; done += 0.25) {
      progress(done);
      await pause(Math.random() * 20);
    }
    if (Math.random() < 0.05) throw new Error('by chance');
    return { part: job.data.part };
  },
  async report(job, { children }) {
    await pause(Math.random() * 30);
    const parts = [...children].map(([name, { part }]) => `${name} ${part}`).sort();
    await writeOnce(job.id, `${job.data.slot}: ${parts.join(', ')}`);
  },
};

const worker = await queue.work(handlers, { atOnce: 4, onTrouble: ({ message }) => say({ trouble: message }) });
say({ working: process.pid });
process.once('SIGTERM', async () => {
  await worker.stop(2_000);
  await queue.close();
  say({ stopped: process.pid });
});
