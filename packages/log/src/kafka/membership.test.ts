import { afterEach, expect, test, vi } from 'vitest';
import { defaultBatch } from '../event-log.ts';
import { assign, metadataOf } from './assignment.ts';
import type { Connection } from './connection.ts';
import type { Broker } from './kafkajs-parts.ts';
import { joinGroup } from './membership.ts';

afterEach(() => {
  vi.useRealTimers();
});

const topic = { name: 't', partitions: 1, access: 'open', id: 'i' } as const;

test('an answer that comes after the group has given the member up begins nothing', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const said: string[] = [];
  const broker = {
    fetch: async () => ({ responses: [] }),
    joinGroup: async () => ({ generationId: said.length, leaderId: 'other', memberId: 'm', members: [] }),
    async syncGroup() {
      const isLate = said.length === 0;
      if (isLate) vi.advanceTimersByTime(11_000);
      said.push(isLate ? 'told too late' : 'told');
      const [{ memberAssignment } = {}] = assign('t', 1, [{ memberId: 'm', memberMetadata: metadataOf('t', []) }]);
      return { memberAssignment };
    },
    heartbeat: async () => undefined,
    leaveGroup: async () => undefined,
  } as unknown as Broker;
  const connection: Connection = {
    anyBroker: async () => broker,
    metadata: () => Promise.reject(new Error('not asked here')),
    leaders: async () => new Map([[0, 0]]),
    broker: async () => broker,
    byLeader: async (_, partitions) => new Map([[broker, partitions]]),
    coordinator: async () => broker,
    forget: () => undefined,
    made: () => 1,
    close: async () => undefined,
  };
  const member = {
    assigned: async () => said.push('assigned') && 0,
    batch: async () => undefined,
    revoked: async () => undefined,
  };
  const membership = await joinGroup(connection, 'g', topic, member, defaultBatch, 1_000);
  await membership.leave();
  expect(said).toEqual(['told too late', 'told', 'assigned']);
});
