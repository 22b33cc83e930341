import { expect, test } from 'vitest';
import { s3Place } from './s3-place.ts';

test('a server of one’s own, with keys, bucket and prefix', () => {
  expect(s3Place('https://key:se%2Fcret@store.example.org:9000/trials/main/a')).toEqual({
    endpoint: 'https://store.example.org:9000',
    bucket: 'trials',
    prefix: 'main/a/',
    credentials: { accessKeyId: 'key', secretAccessKey: 'se/cret' },
  });
});

test('AWS, whose keys are found as its tools find them', () => {
  expect(s3Place('s3://trials?region=eu-west-1')).toEqual({ bucket: 'trials', prefix: '', region: 'eu-west-1' });
});

test.each(['', 'trials', 'ftp://key:hidden@host/trials', 'http://key:hidden@host', 'http://key:hidden@host/'])(
  'no place: %s, and no secret in what is said of it',
  (text) => {
    expect(() => s3Place(text)).toThrow(expect.objectContaining({ code: 'HF_INVALID_PLACE' }));
    expect(() => s3Place(text)).not.toThrow(/hidden/);
  },
);
