// Sets the repository up with nothing but Node and npm: installs what the lockfile pins, then builds.
// Run by `npm run demo` and `npm test`; quick when nothing has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`holdfast needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

function run(what, command, args) {
  const started = Date.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error || status !== 0) {
    console.error(`setup: ${what} failed${error ? `: ${error.message}` : ` (exit ${status})`}`);
    process.exit(1);
  }
  console.error(`setup: ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

const stampFile = join(root, 'node_modules', '.setup-stamp');
const hash = createHash('sha256').update(process.version);
for (const manifest of ['pnpm-lock.yaml', 'package.json', 'pnpm-workspace.yaml']) {
  hash.update(readFileSync(join(root, manifest)));
}
const stamp = hash.digest('hex');
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  run('dependencies installed', 'npx', [
    '--yes',
    packageManager,
    'install',
    '--frozen-lockfile',
    '--reporter=append-only',
  ]);
  writeFileSync(stampFile, stamp);
}
run('built', process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']);
