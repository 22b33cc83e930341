import { beforeEach, expect, test, vi } from 'vitest';
import { connect } from './connection.ts';

const cluster = vi.hoisted(() => ({ brokerPool: {}, disconnect: async () => undefined }));
vi.mock('./kafkajs-parts.ts', () => ({ newCluster: () => cluster }));

const options = { brokers: ['b:1'], clientId: 'test', requestTimeout: 1_000 };
const named = (name: string) => Object.assign(new Error(name), { name });

let isLookedUp: boolean;
let hasLeaders: boolean;
beforeEach(() => {
  [isLookedUp, hasLeaders] = [false, true];
  const broker = {
    async metadata() {
      if (!hasLeaders) throw Object.assign(new Error('no leader'), { type: 'LEADER_NOT_AVAILABLE' });
      return { topicMetadata: [{ topic: 't', partitionMetadata: [{ partitionId: 0, leader: 7 }] }] };
    },
  };
  cluster.brokerPool = {
    findConnectedBroker: async () => broker,
    async refreshMetadata() {
      isLookedUp = true;
    },
    async findBroker() {
      if (!isLookedUp) throw named('KafkaJSConnectionError');
      return broker;
    },
  };
});

test('a broker that is not where it was is looked up anew', async () => {
  expect([...(await connect(options).byLeader('t', [0])).values()]).toEqual([[0]]);
});

test('while some partition has no leader, those of the others are remembered', async () => {
  const connection = connect(options);
  expect(await connection.leaders('t')).toEqual(new Map([[0, 7]]));
  connection.forget('t');
  hasLeaders = false;
  expect(await connection.leaders('t')).toEqual(new Map([[0, 7]]));
});
