import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { kafkaEventLog } from '@holdfast/log/kafka';
import { s3ObjectStore, s3Place } from '@holdfast/objects/s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeKafka } from '../infra/native/kafka.mjs';
import type { NativeS3 } from '../infra/native/s3.mjs';
import type { Line, NativeToxiproxy } from '../infra/native/toxiproxy.mjs';
import { networkForTests, ownKafkaForTests, ownS3ForTests } from './native-servers.ts';

const [startNetwork, startKafka, startS3] = [networkForTests(), ownKafkaForTests(), ownS3ForTests()];

describe.skipIf(!startNetwork)('a line', () => {
  let network: NativeToxiproxy | undefined;
  let echo: Server;
  let line: Line;
  beforeAll(async () => {
    network = await startNetwork?.();
    echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    if (network) line = await network.line(`127.0.0.1:${(echo.address() as AddressInfo).port}`);
  }, 240_000); // the first time on a machine Toxiproxy is built
  afterAll(async () => {
    await network?.stop();
    echo.close();
  });

  const opened = async (address = line.address) => {
    const [host = '', port] = address.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const ask = async (socket: Socket, question: string) => {
    socket.write(question);
    return String((await once(socket, 'data'))[0]);
  };

  test('that is cut closes connections and takes none, until it is healed', async () => {
    const socket = await opened();
    expect(await ask(socket, 'a')).toBe('a');
    const closed = once(socket, 'close');
    await line.cut();
    await closed;
    await expect(opened()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await line.heal();
    const again = await opened();
    expect(await ask(again, 'b')).toBe('b');
    again.destroy();
  });

  test('that is silent keeps connections open and passes nothing on', async () => {
    const socket = await opened();
    expect(await ask(socket, 'a')).toBe('a');
    await line.silence();
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    const closed = once(socket, 'close');
    socket.write('lost');
    const other = await opened(`127.0.0.1:${(echo.address() as AddressInfo).port}`);
    for (let n = 0; n < 100; n += 1) await ask(other, 'x'); // time enough for an answer
    other.destroy();
    expect([socket.closed, heard]).toEqual([false, '']);
    await line.heal();
    socket.end();
    await closed;
    expect(heard).toBe('');
    const again = await opened();
    expect(await ask(again, 'b')).toBe('b');
    again.destroy();
  });

  test('that is late or slow is overtaken by one that is not', async () => {
    const clear = await network?.line(`127.0.0.1:${(echo.address() as AddressInfo).port}`);
    for (const make of [() => line.latency(400), () => line.slow(1)]) {
      await make();
      const [late, other] = [await opened(), await opened(clear?.address)];
      const order: string[] = [];
      const long = 'x'.repeat(400);
      const lateAnswer = ask(late, long).then(() => order.push('late'));
      await ask(other, long).then(() => order.push('clear'));
      await lateAnswer;
      expect(order).toEqual(['clear', 'late']);
      late.destroy();
      other.destroy();
      await line.heal();
    }
  });

  test('that truncates ends after so many bytes, and one that resets does so when it is used', async () => {
    await line.truncate(5);
    const socket = await opened();
    const heard = text(socket);
    socket.write('123456789');
    expect(await heard).toBe('12345');
    await line.heal();
    await line.reset();
    const other = await opened();
    const failed = once(other, 'error');
    other.write('a');
    const [error] = (await failed) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    await line.heal();
  });
});

describe.skipIf(!startNetwork || !startKafka)('Kafka by way of lines', () => {
  const lines: Line[] = [];
  let network: NativeToxiproxy | undefined;
  let kafka: NativeKafka | undefined;
  beforeAll(async () => {
    network = await startNetwork?.();
    const way = async (address: string, node: number) => {
      const line = await network?.line(address);
      if (line) lines[node] = line;
      return line?.address ?? '';
    };
    kafka = await startKafka?.(1, [way]);
  }, 240_000);
  afterAll(async () => {
    await kafka?.stop();
    await network?.stop();
  });

  test('is out of reach for who comes by them while they are cut or silent, and for nobody else', async () => {
    const [line] = lines;
    const byLines = kafkaEventLog({
      brokers: kafka?.ways[0] ?? [],
      clientId: 'by-lines',
      replication: 1,
      patienceMs: 2_000,
    });
    const direct = kafkaEventLog({ brokers: kafka?.brokers ?? [], clientId: 'direct', replication: 1 });
    const record = (value: string) => ({ key: 'k', value: Buffer.from(value), partition: 0 });
    await byLines.createTopic({ name: 't', partitions: 1, access: 'open' });
    await byLines.append('t', [record('before')]);
    for (const fail of [() => line?.cut(), () => line?.silence()]) {
      await fail();
      await expect(byLines.append('t', [record('never')])).rejects.toMatchObject({ code: 'HF_LOG_UNAVAILABLE' });
      expect(await direct.append('t', [record('direct')])).toHaveLength(1);
      await line?.heal();
      expect(await byLines.append('t', [record('after')])).toHaveLength(1);
    }
    const values = (await direct.read('t', 0, 0, { records: 100, bytes: 100_000 })).map(({ value }) => String(value));
    expect(values.filter((value) => value !== 'never')).toEqual(['before', 'direct', 'after', 'direct', 'after']);
    await byLines.close();
    await direct.close();
  });
});

describe.skipIf(!startNetwork || !startS3)('an S3 store by way of a line', () => {
  let network: NativeToxiproxy | undefined;
  let s3: NativeS3 | undefined;
  beforeAll(async () => {
    [network, s3] = await Promise.all([startNetwork?.(), startS3?.()]);
  }, 240_000);
  afterAll(async () => {
    await s3?.stop();
    await network?.stop();
  });

  test('is unavailable while what it sends is truncated or does not come, and never gives what is not whole', async () => {
    const url = new URL(s3?.url ?? '');
    const line = await network?.line(url.host);
    url.host = line?.address ?? '';
    const store = s3ObjectStore(s3Place(url.href), { connecting: 1_000, silence: 500, request: 5_000 });
    const body = Buffer.alloc(300_000, 'x');
    await store.put('k', body);
    for (const fail of [() => line?.truncate(100_000), () => line?.silence(['down']), () => line?.cut()]) {
      await fail();
      await expect(store.get('k')).rejects.toMatchObject({ code: 'HF_OBJECT_STORE_UNAVAILABLE' });
      await line?.heal();
      expect((await store.get('k'))?.byteLength).toBe(body.byteLength);
    }
  });
});
