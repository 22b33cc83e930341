import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { Histogram } from 'prom-client';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** How something stands: `problem` says why it is not ready, `note` what is worth knowing although it is. */
export type CheckResult = { readonly name: string; readonly problem?: string; readonly note?: string };

/** Looks how things stand now; a service may have several things to say. */
export type Check = () => readonly CheckResult[] | Promise<readonly CheckResult[]>;

export type HttpServerOptions = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly checks: readonly Check[];
};

async function resultOf(check: Check): Promise<readonly CheckResult[]> {
  try {
    return await check();
  } catch {
    return [{ name: 'check', problem: 'could not be made; the log says more' }];
  }
}

/**
 * A server with the routes that operations need: `/healthz` (the process lives), `/readyz` (every check passes, or which does not) and
 * `/metrics`. Services register their own routes on it before it listens. Of requests it logs the route, never what was sent.
 */
export async function httpServer({ logger, metrics, checks }: HttpServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // A caller that keeps its connection is told to go when the server stops, and not waited for.
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    // Links name reports, whose ids are longer than the hundred letters that are usual.
    routerOptions: { maxParamLength: 512 },
  }) as unknown as FastifyInstance;
  const seconds = new Histogram({
    name: 'holdfast_request_seconds',
    help: 'Time from the first byte of a request to its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [metrics],
  });
  app.addHook('onResponse', async (request, reply) => {
    const { url: route = 'unknown' } = request.routeOptions;
    const method = route === 'unknown' ? 'any' : request.method;
    seconds.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    const said = { route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 };
    if (route.startsWith('/v1/')) request.log.info(said, 'request answered');
    else request.log.debug(said, 'request answered');
  });
  app.get('/healthz', async () => ({ alive: true }));
  app.get('/readyz', async (_, reply) => {
    const results = (await Promise.all(checks.map(resultOf))).flat();
    const ready = results.every(({ problem }) => problem === undefined);
    return reply.status(ready ? 200 : 503).send({
      ready,
      checks: results.map(({ name, problem, note }) => ({
        name,
        ok: problem === undefined,
        ...(problem === undefined ? {} : { problem }),
        ...(note === undefined ? {} : { note }),
      })),
    });
  });
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  return app;
}
