import Fastify from 'fastify';
import { onStore, topic } from './load-log.ts';

/**
 * The yardstick of the door, run in a process of its own: a bare Fastify that appends each line of a body to the same kind of log, durably,
 * and looks at none.
 */
await onStore(process.argv[2] ?? '', async ({ log }) => {
  const app = Fastify({ bodyLimit: 16 * 2 ** 20 });
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  let requests = 0;
  app.post('/v1/events', async (request, reply) => {
    const body = request.body as Buffer;
    const key = String(requests);
    requests += 1;
    const records = [];
    for (let from = 0; from < body.length; ) {
      const end = body.indexOf(0x0a, from);
      const value = body.subarray(from, end === -1 ? body.length : end);
      records.push({ key, value });
      from += value.length + 1;
    }
    await log.append(topic, records);
    return reply.code(202).send({ appended: records.length });
  });
  process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
  await new Promise<void>((resolve) => process.once('SIGTERM', resolve));
  await app.close();
});
process.exit();
