import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Protocol, parseProtocol } from '@holdfast/events';
import { type ObjectStore, type ObjectsPlace, openObjects } from '@holdfast/objects';
import type { PublishedTrial } from '@holdfast/trials';
import Fastify from 'fastify';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DueSlot, slotNamed } from '../due/due-slot.ts';
import { recordMadeSlot } from '../due/made-slot.ts';
import { type DeliverySettings, deliver } from './deliver.ts';
import { listDeliveries } from './delivery.ts';
import { linkRoutes } from './link-routes.ts';
import { webhookSignature } from './send-webhook.ts';
import { openedBy, signedLink } from './signed-link.ts';

const now = new Date('2026-04-01T06:00:00Z');
const [openSecret, closedSecret, hookSecret] = ['o', 'c', 'h'].map((one) => one.repeat(32));

function protocolOf(): Protocol {
  const parsed = parseProtocol(`format: holdfast-protocol/1
trial: KARE-2
version: 1
title: A trial
blinding: double
clock: live
plannedFollowUp: 90
arms: [{ id: ketamine }, { id: saline }]
sites: [GB-01]
substances: [{ id: alcohol }]
measures: [{ id: first, kind: first-use, substances: [alcohol], evidence: urine-only, windows: [28], horizon: 84 }]
reports:
  - { id: status, report: status, when: { cron: 0 7 * * 1 }, deliverTo: [office, archive] }
  - { id: board, report: dsmb-closed, when: { cron: 0 7 * * 1 }, deliverTo: [office, board] }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}
const protocol = protocolOf();
const trial: PublishedTrial = {
  protocol,
  versions: [protocol],
  publishedAt: new Map([[1, '2026-03-01T00:00:00Z']]),
  key: undefined,
};

let dir: string;
let objects: ObjectStore;
let closed: ObjectStore;
let store: {
  objects: ObjectStore;
  places: { closedObjects: ObjectsPlace; log: { kind: 'embedded'; dir: string; closedDir: string } };
};
let settings: DeliverySettings;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hf-delivery-'));
  const closedObjects = { kind: 'folder', dir: join(dir, 'closed') } as const;
  objects = await openObjects({ kind: 'folder', dir: join(dir, 'open') });
  closed = await openObjects(closedObjects);
  store = { objects, places: { closedObjects, log: { kind: 'embedded', dir, closedDir: dir } } };
  settings = {
    publicUrl: 'https://reports.example.org/',
    linkSecrets: { open: openSecret, closed: closedSecret },
    linkDays: 14,
    recipients: join(dir, 'recipients.yaml'),
    smtp: undefined,
    mailFrom: 'reports@example.org',
  };
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(dir, { recursive: true });
});

/** A mail server that keeps what it is sent, and can be told to refuse. */
async function mailServer(): Promise<{ readonly url: string; readonly mails: string[]; refuses: boolean }> {
  const state = { url: '', mails: [] as string[], refuses: false };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _, done) {
      done(address.startsWith('gone') ? new Error('no such mailbox') : undefined);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (state.refuses) return done(new Error('the mailbox is full'));
        const to = session.envelope.rcptTo.map(({ address }) => address).join(', ');
        state.mails.push(`To ${to}\n${Buffer.concat(chunks)}`);
        return done();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  stops.push(() => new Promise((resolve) => server.close(() => resolve(undefined))));
  state.url = `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  return state;
}

type Got = { readonly headers: NodeJS.Dict<string | string[]>; readonly body: string };

async function receiver(): Promise<{ readonly url: string; readonly got: Got[]; status: number }> {
  const state = { url: '', got: [] as Got[], status: 204 };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    state.got.push({ headers: request.headers, body });
    response.writeHead(state.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/reports`;
  return state;
}

const recipients = (...lines: readonly string[]) =>
  writeFile(
    join(dir, 'recipients.yaml'),
    `format: holdfast-recipients/1\nrecipients:\n${lines.map((line) => `  ${line}\n`).join('')}`,
  );

/** A slot that was made, with its report. */
async function made(schedule: 'status' | 'board'): Promise<DueSlot> {
  const slot = slotNamed(trial, `${schedule}-20260330T0700Z`);
  const shelf = schedule === 'board' ? closed : objects;
  const report = schedule === 'board' ? 'dsmb-closed-b-0123' : 'status-s-4567';
  for (const file of [`${slot.of.declared.report}.pdf`, 'manifest.json'])
    await shelf.put(`reports/KARE-2/${report}/${file}`, Buffer.from(`${schedule} ${file}`));
  const { name } = slot;
  await recordMadeSlot(shelf, {
    ...{ format: 'holdfast-due/1', trial: 'KARE-2', slot: name, schedule, cut: name, reports: [report] },
    ...{ kind: slot.of.declared.report, isDummy: false },
    deliverTo: [...(slot.of.declared.deliverTo ?? [])],
  });
  return slot;
}
const send = (slot: DueSlot, to: string) => deliver(store, settings, trial, slot, to, now);
const links = (text: string): string[] => text.match(/https:\/\/reports\.example\.org[^\s"]+/g) ?? [];
/** A mail's text without its line breaks, which are the transport's. */
const textOf = (mail = '') => mail.replaceAll('=\r\n', '').replaceAll('=3D', '=');

describe('a delivery', () => {
  test('by mail is a link and who it is for, sent once, and listed', async () => {
    const mail = await mailServer();
    settings = { ...settings, smtp: mail.url };
    await recipients('office: { email: [a@example.org, b@example.org, gone@example.org] }');
    const slot = await made('status');
    mail.refuses = true;
    await expect(send(slot, 'office')).rejects.toMatchObject({
      retryable: true,
      message: /127\.0\.0\.1:\d+ did not take the mail/,
    });
    expect(await listDeliveries(objects, 'KARE-2')).toEqual([]);
    mail.refuses = false;
    await send(slot, 'office');
    await send(slot, 'office');
    expect(mail.mails).toHaveLength(1);
    const text = textOf(mail.mails[0]);
    expect(text).toMatch(/^To a@example.org, b@example.org\n/);
    expect(text).toMatch(/Subject: KARE-2: a report is ready \(status-20260330T0700Z\)/);
    expect(text).not.toMatch(/^(Bcc|To):.*example/m);
    expect(links(text)).toHaveLength(2);
    expect(await listDeliveries(objects, 'KARE-2')).toMatchObject([
      {
        slot: slot.name,
        recipient: 'office',
        by: 'e-mail',
        sentAt: now.toISOString(),
        reports: ['status-s-4567'],
        refused: 1,
      },
    ]);
  });

  test('by webhook is signed over its time and body, and told again until it is taken', async () => {
    const hook = await receiver();
    await recipients(`archive: { webhook: "${hook.url}", secret: ${hookSecret} }`);
    const slot = await made('status');
    hook.status = 503;
    await expect(send(slot, 'archive')).rejects.toThrow(/answered 503/);
    hook.status = 204;
    await send(slot, 'archive');
    expect(new Set(hook.got.map(({ headers }) => headers['holdfast-delivery'])).size).toBe(1);
    const { headers, body } = hook.got[1] ?? { headers: {}, body: '' };
    expect(headers['holdfast-timestamp']).toBe(String(now.getTime() / 1000));
    expect(headers['holdfast-signature']).toBe(webhookSignature(hookSecret ?? '', String(now.getTime() / 1000), body));
    expect(JSON.parse(body)).toMatchObject({ type: 'report-ready', trial: 'KARE-2', slot: slot.name, isClosed: false });
  });

  test('of a closed report goes to those alone who are for it, and says nothing of it', async () => {
    const mail = await mailServer();
    settings = { ...settings, smtp: mail.url };
    await recipients('office: { email: [a@example.org] }', 'board: { email: [board@example.org], closed: true }');
    const slot = await made('board');
    await expect(send(slot, 'office')).rejects.toMatchObject({ retryable: false, message: /closed: true/ });
    await send(slot, 'board');
    expect(mail.mails).toHaveLength(1);
    expect(textOf(mail.mails[0])).toContain('Subject: KARE-2: a closed report is ready (board-20260330T0700Z)');
    expect(await listDeliveries(objects, 'KARE-2')).toEqual([]);
    expect(await listDeliveries(closed, 'KARE-2')).toHaveLength(1);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['without recipients', async () => undefined, /cannot read the recipients/],
    ['to somebody unknown', () => recipients('other: { email: [a@example.org] }'), /no recipient office/],
    ['to two places at once', () => recipients('office: { email: [a@example.org], webhook: x }'), /must have email/],
    [
      'in clear over the network',
      () => recipients(`office: { webhook: "http://example.org/", secret: ${hookSecret} }`),
      /recipients/,
    ],
    ['without a mail server', () => recipients('office: { email: [a@example.org] }'), /HOLDFAST_SMTP/],
  ])('%s is refused, and says what to do', async (_, given, named) => {
    await given();
    await expect(send(await made('status'), 'office')).rejects.toMatchObject({ retryable: false, message: named });
  });
});

test('links name the files of what was made, whatever the protocol declares', async () => {
  const archive = await receiver();
  await recipients(`archive: { webhook: "${archive.url}", secret: ${hookSecret} }`);
  const slot = slotNamed(trial, 'status-20260330T0700Z');
  await recordMadeSlot(objects, {
    ...{ format: 'holdfast-due/1', trial: 'KARE-2', slot: slot.name, schedule: 'status', cut: slot.name },
    ...{ kind: 'outcome', isDummy: true, reports: ['DUMMY-outcome-s-4567'], deliverTo: ['archive'] },
  });
  await send(slot, 'archive');
  expect(archive.got[0]?.body).toContain('/DUMMY-outcome-s-4567/DUMMY-outcome.pdf?');
});

describe('a link', () => {
  const to = { trial: 'KARE-2', report: 'status-s-4567', file: 'status.pdf', expires: now.getTime() / 1000 + 60 };
  const looks: string[] = [];
  async function ask(link: string): Promise<{ status: number; text: string }> {
    const app = Fastify();
    const secrets = settings.linkSecrets;
    const onClosedLook = async (name: string, question: string) => void looks.push(`${name}: ${question}`);
    linkRoutes(app, { secrets, shelves: { open: objects, closed }, onClosedLook, now: () => now });
    const { statusCode, body } = await app.inject(new URL(link).pathname + new URL(link).search);
    await app.close();
    return { status: statusCode, text: body };
  }

  test('opens its file until it expires; changed in anything it opens nothing', async () => {
    await made('status');
    const link = signedLink('https://reports.example.org', openSecret ?? '', 'open', to);
    expect(await ask(link)).toEqual({ status: 200, text: 'status status.pdf' });
    const changed = [
      link.replace('status.pdf', 'manifest.json'),
      link.replace('KARE-2', 'KARE-3'),
      link.replace(/expires=\d+/, `expires=${to.expires + 1}`),
      link.replace(/signature=./, 'signature=-'),
      link.replace(/&signature=.*/, ''),
      `${link}&signature=x`,
      signedLink('https://reports.example.org', openSecret ?? '', 'open', { ...to, expires: now.getTime() / 1000 }),
      signedLink('https://reports.example.org', 'x'.repeat(32), 'open', to),
    ];
    for (const one of changed) expect((await ask(one)).status, one).toBe(404);
  });

  test('to a closed report is signed by a secret of its own, and puts on record that it was opened', async () => {
    await made('board');
    const board = { ...to, report: 'dsmb-closed-b-0123', file: 'dsmb-closed.pdf' };
    const base = 'https://reports.example.org';
    expect((await ask(signedLink(base, openSecret ?? '', 'open', board))).status).toBe(404);
    expect((await ask(signedLink(base, openSecret ?? '', 'closed', board))).status).toBe(404);
    expect(looks).toEqual([]);
    expect(await ask(signedLink(base, closedSecret ?? '', 'closed', board))).toEqual({
      status: 200,
      text: 'board dsmb-closed.pdf',
    });
    expect(looks).toEqual(['KARE-2: report link dsmb-closed-b-0123 dsmb-closed.pdf']);
    settings = { ...settings, linkSecrets: { open: openSecret, closed: undefined } };
    expect((await ask(signedLink(base, closedSecret ?? '', 'closed', board))).status).toBe(404);
    expect(openedBy(settings.linkSecrets, { ...board, expires: Number.NaN }, '', now)).toBeUndefined();
  });
});
