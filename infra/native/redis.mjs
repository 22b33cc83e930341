// Redis (or Valkey) as installed, for jobs: nothing is evicted, nothing is kept beyond the process.
import { once } from 'node:events';
import { connect } from 'node:net';
import { demand, isInstalled } from './cache.mjs';
import { freePorts, newDataFolder, startServer } from './server.mjs';

export const redisProgram = () => ['redis-server', 'valkey-server'].find(isInstalled);

async function answersPing(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    return String(answer).startsWith('+PONG');
  } finally {
    socket.destroy();
  }
}

export async function startRedis() {
  const command = redisProgram();
  if (command === undefined)
    demand('redis-server', 'the job queue', 'install Redis 7 or Valkey (Debian: redis-server)');
  const [port] = await freePorts(1);
  const data = newDataFolder('redis');
  const server = await startServer({
    name: 'Redis',
    command,
    args: `--port ${port} --bind 127.0.0.1 --dir ${data} --appendonly no --maxmemory-policy noeviction`
      .split(' ')
      .concat('--save', ''),
    data,
    isReady: () => answersPing(port),
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: server.stop,
  };
}
