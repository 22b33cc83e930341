import { JobQueueUnavailable } from '../job-errors.ts';

/** Where in which Redis a queue is. */
export type RedisPlace = {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly isEncrypted: boolean;
  readonly username?: string;
  readonly password?: string;
  /** What all keys begin with: installations with different prefixes do not see each other. */
  readonly prefix: string;
};

const forms =
  'redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=PREFIX], or rediss:// for an encrypted connection';

/** Reads a place from a URL. The message of its error never holds the URL, which may have a secret in it. */
export function redisPlace(text: string): RedisPlace {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '')
    throw new JobQueueUnavailable(`the place of Redis is no URL that can be used: write ${forms}`);
  const database = url.pathname.replace(/^\//, '') || '0';
  if (!/^\d{1,4}$/.test(database))
    throw new JobQueueUnavailable(`the place of Redis names no database by its number: write ${forms}`);
  const prefix = url.searchParams.get('prefix') ?? 'holdfast';
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(prefix))
    throw new JobQueueUnavailable('the prefix of the keys in Redis has letters, digits, - and _ only, at most 64');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    database: Number(database),
    isEncrypted: url.protocol === 'rediss:',
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    prefix,
  };
}

/** The place as errors name it, without secrets. */
export function named({ host, port, database, prefix }: RedisPlace): string {
  return `Redis at ${host}:${port}/${database} under ${prefix}`;
}
