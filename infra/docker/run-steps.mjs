// `npm run check:images`: every step of the Dockerfile, run where there is no Docker. From a clean clone of the last commit each stage gets a root
// of its own (this machine's, with all that is written kept apart, and the Node that FROM names), in which its steps run as they stand; then every
// target starts as its user, with a root that is read-only, answers its health check and stops when asked. Needs to be root on Linux.
// Not checked: what else is in the base image, and what a builder makes of the file.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../native/server.mjs';
import { ignores } from './ignored.mjs';
import { readStages } from './stages.mjs';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '../..');

if (process.argv[2] === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-images-'));
  // What is mounted, all that is written there among it, is seen by nobody else, and goes with the last process that sees it.
  const apart = ['--mount', process.execPath, fileURLToPath(import.meta.url), folder];
  const { status, error } = spawnSync('unshare', apart, { stdio: 'inherit' });
  rmdirSync(folder); // empty as ever
  if (error) console.error(`images: ${error.message}`);
  process.exit(status ?? 1);
}

const scratch = process.argv[2];
const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
run('mount', '-t', 'tmpfs', 'none', scratch); // no layer may lie within another, and this machine's root is one
const quietly = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' });
const kibibytes = (folder) => Number(quietly('du', '-sk', folder).split('\t')[0]);

/** A root that shows the layers below and keeps apart what is written to it. */
function rootOver(name, layers) {
  const [upper, work, root] = ['upper', 'work', 'root'].map((part) => join(scratch, name, part));
  for (const folder of [upper, work, root]) mkdirSync(folder, { recursive: true });
  run('mount', '-t', 'overlay', '-o', `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work}`, 'none', root);
  for (const shared of ['proc', 'dev']) run('mount', '--rbind', `/${shared}`, join(root, shared));
  return { root, layers: [upper, ...layers] };
}

/** What `FROM node:VERSION-…` stands for here: this machine with that Node. */
function layersOf(image) {
  const [, version] = /^node:(\d+\.\d+\.\d+)-/.exec(image) ?? [];
  if (version === undefined) throw new Error(`FROM ${image}: only node:VERSION-… can be run here`);
  const folder = join(scratch, `node-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(join(folder, 'usr/local/bin'), { recursive: true });
    const fetched = join(scratch, 'npm');
    run('npm', 'install', '--silent', '--no-save', '--prefix', fetched, `node-linux-${process.arch}@${version}`);
    run('cp', join(fetched, `node_modules/node-linux-${process.arch}/bin/node`), join(folder, 'usr/local/bin/node'));
  }
  return [folder, '/'];
}

function inside({ root, user, workdir, env }, argv) {
  const settings = Object.entries({ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env });
  // A step of the build finds the package registry as this machine is set up to.
  const passed =
    user === undefined ? Object.entries(process.env).filter(([name]) => /^npm_config_|proxy$/i.test(name)) : [];
  return [
    ...['env', '-i', 'HOME=/root', ...[...passed, ...settings].map(([name, value]) => `${name}=${value}`)],
    ...['chroot', ...(user === undefined ? [] : [`--userspec=${user}`]), root],
    ...['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', workdir, ...argv],
  ];
}

/** Puts files and folders into a root as COPY does: of a folder what is in it. */
function copy(from, sources, to, isDirectory) {
  for (const source of sources) {
    const path = resolve(from, `./${source}`);
    const isFolder = statSync(path).isDirectory();
    mkdirSync(isFolder || isDirectory ? to : dirname(to), { recursive: true });
    run('cp', '-a', '--no-preserve=ownership', isFolder ? `${path}/.` : path, to);
  }
}

/** The clean clone, without what .dockerignore names, and the Dockerfile. */
function contextFolder() {
  const folder = join(scratch, 'context');
  run('git', 'clone', '--quiet', '--depth', '1', `file://${checkout}`, folder);
  const dockerfile = readFileSync(join(folder, 'infra/docker/Dockerfile'), 'utf8');
  const isIgnored = ignores(readFileSync(join(folder, '.dockerignore'), 'utf8'));
  for (const path of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(path.parentPath, path.name);
    if (!path.isDirectory() && isIgnored(file.slice(folder.length + 1))) rmSync(file);
  }
  run('find', folder, '-type', 'd', '-empty', '-delete');
  return { context: folder, dockerfile };
}

async function answersWhenStarted(name, image) {
  const [port] = await freePorts(1);
  const env = { ...image.env, HOLDFAST_HOST: '127.0.0.1', HOLDFAST_PORT: String(port), HOLDFAST_DROP: '/data/drop' };
  if (name !== 'drop') delete env.HOLDFAST_DROP;
  const [data, temporary] = [...image.volumes, '/tmp'].map((volume) => join(image.root, volume));
  // A new volume belongs to whom the folder in the image belongs.
  const owner = statSync(data);
  for (const folder of [data, temporary]) run('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'none', folder);
  run('chown', `${owner.uid}:${owner.gid}`, data);
  run('chmod', (owner.mode & 0o7777).toString(8), data);
  run('mount', '-o', 'remount,ro', image.root);
  const [command, ...args] = inside({ ...image, env }, [...image.entrypoint, ...image.command]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const ended = once(child, 'exit');
  try {
    const [check, ...checked] = inside({ ...image, env }, image.health);
    for (let tries = 0; spawnSync(check, checked).status !== 0; tries += 1) {
      if (tries === 60 || child.exitCode !== null)
        throw new Error(`${name} does not answer its health check:\n${said}`);
      await pause(500);
    }
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
    const [, uid] = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
    if (answer.status !== 200) throw new Error(`${name}: /healthz answers ${answer.status}`);
    if (uid === undefined || uid === '0') throw new Error(`${name} runs as root`);
    if (spawnSync(...split(inside(image, ['touch', '/app/x']))).status === 0)
      throw new Error(`${name}: its root can be written to`);
    child.kill('SIGTERM');
    const [status] = await ended;
    if (status !== 0) throw new Error(`${name} ends with ${status} when it is asked to stop:\n${said}`);
  } finally {
    child.kill('SIGKILL');
  }
  console.log(`ok: ${name} starts as user ${image.user}, answers its health check and stops`);
}
const split = ([command, ...args]) => [command, args];

let failed = false;
try {
  const { context, dockerfile } = contextFolder();
  const images = new Map();
  for (const stage of readStages(dockerfile)) {
    const base = images.get(stage.from) ?? { layers: layersOf(stage.from), env: {}, workdir: '/', volumes: [] };
    const image = { ...base, ...rootOver(stage.name, base.layers), env: { ...base.env }, isTarget: false };
    for (const step of stage.steps) {
      console.log(`${stage.name}: ${step.text}`);
      if (step.is === 'RUN') run(...inside(image, ['sh', '-c', step.script]));
      else if (step.is === 'COPY') {
        const to = resolve(image.workdir, step.to);
        copy(
          step.from === undefined ? context : images.get(step.from).root,
          step.sources,
          join(image.root, to),
          step.to.endsWith('/'),
        );
      } else if (step.is === 'WORKDIR') {
        image.workdir = resolve(image.workdir, step.path);
        mkdirSync(join(image.root, image.workdir), { recursive: true });
      } else Object.assign(image, step.sets(image));
    }
    images.set(stage.name, image);
  }
  const app = images.get('runtime');
  const added = kibibytes(app.layers[0]) / 1024;
  console.log(`ok: every step runs; the image adds ${added.toFixed(0)} MiB to its base`);
  for (const [name, image] of images) if (image.command?.[0] === 'serve') await answersWhenStarted(name, image);
  const help = quietly(...inside(images.get('cli'), [...images.get('cli').entrypoint, '--help']));
  if (!help.includes('Usage: holdfast')) throw new Error('cli does not say how it is used');
  console.log('ok: cli says how it is used');
} catch (error) {
  failed = true;
  console.error(`images: ${error.message}`);
}
process.exit(failed ? 1 : 0);
