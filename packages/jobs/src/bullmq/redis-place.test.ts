import { expect, test } from 'vitest';
import { redisPlace } from './redis-place.ts';

test('all that a place can say, and what it need not', () => {
  expect(redisPlace('rediss://me:se%2Fcret@redis.example.org:7000/3?prefix=trial-unit')).toEqual({
    host: 'redis.example.org',
    port: 7000,
    database: 3,
    isEncrypted: true,
    username: 'me',
    password: 'se/cret',
    prefix: 'trial-unit',
  });
  expect(redisPlace('redis://[::1]')).toEqual({
    host: '::1',
    port: 6379,
    database: 0,
    isEncrypted: false,
    prefix: 'holdfast',
  });
});

test.each([
  '',
  'localhost:6379',
  'http://:hidden@host',
  'redis://:hidden@host/name',
  'redis://:hidden@host?prefix=a:b',
])('no place: %s, and no secret in what is said of it', (text) => {
  expect(() => redisPlace(text)).toThrow(expect.objectContaining({ code: 'HF_JOB_QUEUE_UNAVAILABLE' }));
  expect(() => redisPlace(text)).not.toThrow(/hidden/);
});
