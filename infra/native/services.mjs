// Services of Holdfast as processes of their own, on servers that are there: each with a port and a folder of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, newDataFolder, startServer } from './server.mjs';

const holdfast = fileURLToPath(new URL('../../services/holdfast/bin/holdfast.js', import.meta.url));

/** Settings of whoever starts us are not those of what we start. */
const unset = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => name.startsWith('HOLDFAST_'))
    .map((name) => [name, '']),
);

export async function startService(service, settings, { data = newDataFolder(service), port, log } = {}) {
  const [free] = port === undefined ? await freePorts(1) : [port];
  const url = `http://127.0.0.1:${free}`;
  mkdirSync(data, { recursive: true });
  const server = await startServer({
    name: service,
    command: process.execPath,
    args: [holdfast, 'serve', service],
    env: { ...unset, ...settings, HOLDFAST_DATA: join(data, 'store'), HOLDFAST_PORT: String(free) },
    data,
    log,
    isReady: async () => (await fetch(`${url}/healthz`)).ok,
  });
  return { service, url, ...server };
}
