// Faults of the network: Toxiproxy, built once by the Go toolchain. A line before a server can be cut, silenced, slowed down or truncated.
import { join } from 'node:path';
import { cached, demand, run } from './cache.mjs';
import { freePorts, newDataFolder, startServer } from './server.mjs';

export const toxiproxyVersion = 'v2.5.0';

async function program() {
  const folder = await cached(`toxiproxy-${toxiproxyVersion}`, async (made) => {
    demand('go', 'building Toxiproxy', 'install Go');
    await run('go', ['install', `github.com/Shopify/toxiproxy/v2/cmd/server@${toxiproxyVersion}`], {
      env: { ...process.env, GOBIN: made },
    });
  });
  return join(folder, 'server');
}

/** What goes wrong on a line, in which of the two directions: `up` is towards the server, `down` towards the client. */
const streamOf = { up: 'upstream', down: 'downstream' };
const both = ['up', 'down'];

export async function startToxiproxy() {
  const command = await program();
  const [port] = await freePorts(1);
  const api = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: 'Toxiproxy',
    command,
    args: ['-host', '127.0.0.1', '-port', String(port)],
    data: newDataFolder('toxiproxy'), // it keeps nothing
    isReady: async () => (await fetch(`${api}/version`)).ok,
  });

  async function ask(method, path, body) {
    const answer = await fetch(`${api}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`Toxiproxy: ${method} ${path} failed (${answer.status}): ${said}`);
    return said === '' ? undefined : JSON.parse(said);
  }

  let lines = 0;
  return {
    async line(to) {
      lines += 1;
      const path = `/proxies/line-${lines}`;
      const { listen } = await ask('POST', '/proxies', {
        name: `line-${lines}`,
        listen: '127.0.0.1:0',
        upstream: to,
        enabled: true,
      });

      /** One fault of a kind in a direction: a second one of that kind takes its place. */
      async function put(type, attributes, directions) {
        const { toxics } = await ask('GET', path);
        for (const direction of directions) {
          const name = `${type}-${direction}`;
          if (toxics.some((toxic) => toxic.name === name)) await ask('DELETE', `${path}/toxics/${name}`);
          await ask('POST', `${path}/toxics`, { name, type, stream: streamOf[direction], toxicity: 1, attributes });
        }
      }

      return {
        address: listen,
        cut: async () => void (await ask('POST', path, { enabled: false })),
        silence: (directions = both) => put('timeout', { timeout: 0 }, directions),
        latency: (milliseconds, jitter = 0, directions = ['down']) =>
          put('latency', { latency: milliseconds, jitter }, directions),
        slow: (kilobytesPerSecond, directions = both) => put('bandwidth', { rate: kilobytesPerSecond }, directions),
        truncate: (bytes, directions = ['down']) => put('limit_data', { bytes }, directions),
        reset: (milliseconds = 0, directions = ['up']) => put('reset_peer', { timeout: milliseconds }, directions),
        async heal() {
          const { toxics } = await ask('GET', path);
          for (const { name } of toxics) await ask('DELETE', `${path}/toxics/${name}`);
          await ask('POST', path, { enabled: true });
        },
      };
    },
    stop: server.stop,
  };
}
