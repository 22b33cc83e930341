import { createTrialKey } from '@holdfast/access';
import { createToken, publishKey, publishProtocol, revokeToken, topicsOf } from '@holdfast/trials';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { event, protocol, siteSource, type TestServer, testServer } from './fixtures/test-server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await testServer({ keyless: true });
});
afterEach(() => server.close());

const statusOf = async (token: string, changes: object = {}) => (await server.post(event(changes), { token })).status;

describe('while the server runs', () => {
  test('a double-blind trial begins when its key is published: until then nothing of it is taken in, nor thrown away', async () => {
    const { status, headers, body } = await server.post(event());
    expect([status, headers['retry-after'], body.error?.message]).toEqual([
      ...[503, '60', expect.stringMatching(/^the trial is double-blind and has no key yet/)],
    ]);
    await publishKey(server.log, server.key);
    await vi.waitFor(async () => expect(await statusOf(server.tokens.site)).toBe(202), 20_000);
  });

  test('a trial, and what an amendment declares, are known from their publication on', async () => {
    const open = { blinding: 'open', trial: 'NEW-1' };
    const source = '/trials/NEW-1/sites/GB-01';
    const { secret } = await createToken(server.log, { trial: 'NEW-1', role: 'site', site: 'GB-01' });
    const khat = { source, data: { results: { khat: 'negative' } } };
    await vi.waitFor(async () => expect(await statusOf(secret, { source })).toBe(422), 20_000);
    await publishProtocol(server.log, protocol(open));
    await vi.waitFor(async () => expect(await statusOf(secret, { source })).toBe(202), 20_000);
    expect(await statusOf(secret, khat)).toBe(422);
    const { substances, ...rest } = protocol(open);
    await publishProtocol(server.log, { ...rest, version: 2, substances: [...substances, { id: 'khat' }] });
    await vi.waitFor(async () => expect(await statusOf(secret, khat)).toBe(202), 20_000);
  });

  test('a token works from when it is created until it is revoked', async () => {
    await publishKey(server.log, server.key);
    const { id, secret } = await createToken(server.log, { trial: 'DEMO-2X2', role: 'site', site: 'GB-01' });
    await vi.waitFor(async () => expect(await statusOf(secret)).toBe(202), 20_000);
    await revokeToken(server.log, id);
    await vi.waitFor(async () => expect(await statusOf(secret)).toBe(401), 20_000);
    expect(await statusOf(server.tokens.site)).toBe(202);
  });
});

describe('what is closed', () => {
  test('is sealed on arrival, and what blinded people read does not change with it', async () => {
    await publishKey(server.log, server.key);
    await vi.waitFor(async () => expect(await statusOf(server.tokens.site)).toBe(202), 20_000);
    const dose = (drug: string) => ({
      type: 'org.holdfast.dose-given.v1',
      data: { drug, route: 'iv', session: 1, given: { mg: 52 } },
    });
    expect(await statusOf(server.tokens.site, dose('KETAMINE-SECRET'))).toBe(202);
    const wrong = { ...dose('KETAMINE-SECRET'), source: siteSource, subject: 'no subject' };
    expect(await statusOf(server.tokens.site, wrong)).toBe(422);
    const { events, rejected } = topicsOf(protocol());
    const kept = [...(await server.recordsOf(events.name)), ...(await server.recordsOf(rejected.name))].join('');
    expect(kept).toContain('org.holdfast.sealed.v1');
    expect(kept + server.logged.join('')).not.toContain('KETAMINE-SECRET');
  });

  test('comes in when somebody else has sealed it, to the trial’s key and to no other', async () => {
    await publishKey(server.log, server.key);
    await vi.waitFor(async () => expect(await statusOf(server.tokens.site)).toBe(202), 20_000);
    const box = (keyId: string) => ({
      type: 'org.holdfast.sealed.v1',
      data: { keyId, enc: 'A'.repeat(43), nonce: 'A'.repeat(16), box: 'A'.repeat(704) },
    });
    expect(await statusOf(server.tokens.site, box(server.key.keyId))).toBe(202);
    const { published: other } = await createTrialKey('DEMO-2X2');
    expect(await statusOf(server.tokens.site, box(other.keyId))).toBe(422);
  });
});
