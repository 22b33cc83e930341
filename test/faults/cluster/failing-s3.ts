import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from './chance.ts';

/** What a store does to so many of a hundred requests. */
export type S3Trouble = {
  readonly percent: number;
  readonly does: 'answers 500' | 'answers 503' | 'is slow' | 'truncates answers' | 'truncates requests';
};

/** Stands before an S3 server; where there is no trouble, all passes. */
export type FailingS3 = {
  /** The server's URL, by way of here. */
  readonly url: string;
  trouble(trouble: S3Trouble | undefined, chance: Chance): void;
  /** How many requests were troubled since this was last asked. */
  troubled(): number;
  stop(): Promise<void>;
};

const slowness = 2_000;

export async function failingS3(serverUrl: string): Promise<FailingS3> {
  const to = new URL(serverUrl);
  let now: { readonly trouble: S3Trouble; readonly chance: Chance } | undefined;
  let count = 0;

  const refuse = (answer: ServerResponse, status: number): void => {
    const code = status === 503 ? 'SlowDown' : 'InternalError';
    answer.writeHead(status, { 'content-type': 'application/xml' });
    answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>a fault of a test</Message></Error>`);
  };

  const passOn = async (asked: IncomingMessage, answer: ServerResponse, does?: S3Trouble['does']): Promise<void> => {
    const { method, url: path, headers } = asked; // the host that was asked is signed
    const { hostname, port } = to;
    const onward = request({ hostname, port, method, path, headers });
    const broken = () => answer.destroy();
    onward.on('error', broken);
    asked.on('error', () => onward.destroy());
    if (does === 'truncates requests') {
      const [some] = (await once(asked, 'data').catch(() => [])) as [Buffer?];
      onward.write(some?.subarray(0, some.length / 2) ?? '');
      onward.destroy();
      broken();
      return;
    }
    asked.pipe(onward);
    const [got] = (await once(onward, 'response')) as [IncomingMessage];
    if (does === 'is slow') await pause(slowness);
    answer.writeHead(got.statusCode ?? 500, got.headers);
    if (does !== 'truncates answers') {
      got.on('error', broken).pipe(answer);
      return;
    }
    got.once('data', (some: Buffer) => answer.write(some.subarray(0, some.length / 2), broken)).once('end', broken);
  };

  const server = createServer((asked, answer) => {
    const { trouble, chance } = now ?? {};
    const strikes = trouble !== undefined && chance?.percent(trouble.percent) === true;
    // Without a body there is nothing to truncate on the way there.
    const bodiless = trouble?.does === 'truncates requests' && asked.method !== 'PUT';
    if (!strikes || bodiless) return void passOn(asked, answer).catch(() => answer.destroy());
    count += 1;
    if (trouble.does === 'answers 500' || trouble.does === 'answers 503') {
      asked.resume();
      return void asked.once('end', () => refuse(answer, trouble.does === 'answers 503' ? 503 : 500));
    }
    passOn(asked, answer, trouble.does).catch(() => answer.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    trouble(trouble, chance) {
      now = trouble && { trouble, chance };
    },
    troubled() {
      const since = count;
      count = 0;
      return since;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
