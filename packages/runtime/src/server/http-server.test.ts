import { afterEach, describe, expect, test } from 'vitest';
import { type Check, httpServer } from './http-server.ts';
import { openLogger } from './logger.ts';
import { openMetrics } from './metrics.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

async function serverWith(...checks: Check[]) {
  const lines: string[] = [];
  const logger = openLogger({ level: 'debug', to: { write: (line) => void lines.push(line) } });
  const app = await httpServer({ logger, metrics: openMetrics(), checks });
  open.push(app);
  return { app, lines };
}

describe('the routes of operations', () => {
  test('/healthz says that the process lives, whatever the checks say', async () => {
    const { app } = await serverWith(() => [{ name: 'log', problem: 'cannot be read' }]);
    const answer = await app.inject('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([200, { alive: true }]);
  });

  test('a path may name what has a long id', async () => {
    const { app } = await serverWith();
    app.get<{ Params: { id: string } }>('/things/:id', async ({ params }) => ({ letters: params.id.length }));
    expect((await app.inject(`/things/${'a'.repeat(300)}`)).json()).toEqual({ letters: 300 });
  });

  test('/readyz passes when every check does, with what is worth knowing', async () => {
    const { app } = await serverWith(
      () => [{ name: 'log' }],
      async () => [{ name: 'shards of T', note: 'not folded' }],
    );
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      ready: true,
      checks: [
        { name: 'log', ok: true },
        { name: 'shards of T', ok: true, note: 'not folded' },
      ],
    });
  });

  test('/readyz says which check does not pass, and one that throws is one of these', async () => {
    const throws = () => {
      throw new Error('participant P-1');
    };
    const { app } = await serverWith(
      () => [{ name: 'log' }],
      () => [{ name: 'shards of T', problem: 'failed' }],
      throws,
    );
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json().checks.filter((check: { ok: boolean }) => !check.ok)).toEqual([
      { name: 'shards of T', ok: false, problem: 'failed' },
      { name: 'check', ok: false, problem: 'could not be made; the log says more' },
    ]);
  });

  test('/metrics has requests by route, never by what was asked for', async () => {
    const { app, lines } = await serverWith();
    await app.inject('/healthz');
    await app.inject('/participants/P-0042?arm=placebo');
    const { body, headers } = await app.inject('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(body).toContain('holdfast_request_seconds_count{method="GET",route="/healthz",status="200"} 1');
    expect(body).toContain('holdfast_request_seconds_count{method="any",route="unknown",status="404"} 1');
    expect(body).toContain('process_resident_memory_bytes');
    expect(`${body}${lines.join()}`).not.toMatch(/P-0042|placebo/);
  });

  test('no log has what was asked for: a link that is signed opens a report', async () => {
    const { app, lines } = await serverWith();
    app.get('/reports/:report', async () => {
      throw new Error('the store is away');
    });
    for (const path of ['/reports/dsmb-closed-1', '/elsewhere/dsmb-closed-1', '/reports/%E0%A4%A-dsmb-closed-1'])
      await app.inject(`${path}?signature=secret`);
    expect(lines.join('')).toContain('"route":"/reports/:report"');
    expect(lines.join('')).not.toMatch(/dsmb-closed|secret/);
  });

  test('the words of an error are logged only if they are ours', async () => {
    const { app, lines } = await serverWith();
    const ours = Object.assign(new Error('no room for the log'), { code: 'HF_LOG_FULL' });
    app.log.error({ err: new Error('duplicate key "participant: P-0042"') }, 'failed');
    app.log.error({ err: Object.assign(new Error('P-0042'), { code: 'HF_SHARD_THREAD_FAILED' }) }, 'failed');
    app.log.error({ err: ours }, 'failed');
    expect(lines.join('')).not.toContain('P-0042');
    expect(lines.join('')).toContain('no room for the log');
    expect(lines[0]).toContain('http-server.test.ts');
  });
});
