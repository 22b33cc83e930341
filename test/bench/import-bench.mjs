// How long a whole import takes, from CSV to committed and published tallies, and how much memory; beside it, in the same run, the
// time of only reading and validating the same events. Usage: node test/bench/import-bench.mjs [DIRECTORY] [ROUNDS]
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const holdfast = join(root, 'services/holdfast/bin/holdfast.js');
const examples = join(root, 'schemas/examples/ctn0094');
const directory = process.argv[2] ?? join(root, '../shared/ctn/data/dev');
const rounds = Number(process.argv[3] ?? 3);

/** Processes below and including `pid`. */
function tree(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

/** Anonymous memory of a process in MB: what it holds itself, without mapped files. */
function anonymousMb(pid) {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Anonymous:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Runs a command; answers its seconds, its peak of anonymous memory over the process tree, and what it said. */
function run(args) {
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(process.execPath, [holdfast, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    let peak = 0;
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const sampling = setInterval(() => {
      peak = Math.max(
        peak,
        tree(child.pid).reduce((sum, pid) => sum + anonymousMb(pid), 0),
      );
    }, 400);
    child.on('close', (code) => {
      clearInterval(sampling);
      if (code !== 0) reject(new Error(`holdfast ${args[0]} failed: ${said}`));
      else resolve({ seconds: Number(process.hrtime.bigint() - started) / 1e9, peak, said });
    });
  });
}

for (let round = 1; round <= rounds; round += 1) {
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  try {
    for (const protocol of ['ctn-0027.yaml', 'ctn-0030.yaml']) {
      await run(['protocol', 'publish', join(examples, protocol), '--data', data]);
    }
    const mapping = join(examples, 'mapping.yaml');
    const whole = await run(['import', mapping, directory, '--data', data]);
    const reading = await run(['import', mapping, directory, '--data', data, '--dry-run']);
    const events = Number(/^(\d+) events accepted/m.exec(whole.said)?.[1]);
    console.log(
      `round ${round}: ${events} events, CSV to committed tallies ${whole.seconds.toFixed(2)} s (${Math.round(events / whole.seconds)} events/s), ` +
        `peak anonymous memory ${Math.round(whole.peak)} MB; only reading and validating ${reading.seconds.toFixed(2)} s; ratio ${(whole.seconds / reading.seconds).toFixed(2)}`,
    );
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
