// Redis (or Valkey) as installed, for jobs: nothing is evicted, nothing is kept beyond the process.
import { once } from 'node:events';
import { connect } from 'node:net';
import { demand, isInstalled } from './cache.mjs';
import { freePorts, newDataFolder, startServer } from './server.mjs';

export const redisProgram = () => ['redis-server', 'valkey-server'].find(isInstalled);

async function answer(port, command) {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(`${command}\r\n`);
    const [said] = await once(socket, 'data');
    return String(said);
  } finally {
    socket.destroy();
  }
}

/**
 * Starts Redis; it can be killed and started again (empty, as nothing is kept), emptied, or frozen and thawed. `policy` is what it does when memory is
 * short.
 */
export async function startRedis({ policy = 'noeviction' } = {}) {
  const command = redisProgram();
  if (command === undefined)
    demand('redis-server', 'the job queue', 'install Redis 7 or Valkey (Debian: redis-server)');
  const [port] = await freePorts(1);
  const data = newDataFolder('redis');
  const start = () =>
    startServer({
      name: 'Redis',
      command,
      args: `--port ${port} --bind 127.0.0.1 --dir ${data} --appendonly no --maxmemory-policy ${policy}`
        .split(' ')
        .concat('--save', ''),
      data,
      isReady: async () => (await answer(port, 'PING')).startsWith('+PONG'),
    });
  let server = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => server.kill(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    async empty() {
      await answer(port, 'FLUSHALL');
    },
    async restart() {
      server = await start();
    },
    stop: () => server.stop(),
  };
}
