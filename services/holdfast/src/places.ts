import { readFileSync } from 'node:fs';
import type { JobsPlace } from '@holdfast/jobs';
import type { LogPlace } from '@holdfast/log';
import type { ObjectStore, ObjectsPlace } from '@holdfast/objects';
import { type Settings, StoreFormatUnknown, storeFolders, storeFormat, UnusableSetting } from '@holdfast/runtime';

/** Where the parts of a store are, by the settings: in a folder of this machine, or on a cluster. */
export type Places = {
  readonly log: LogPlace;
  readonly objects: ObjectsPlace;
  /** What blinded people may not see: snapshots of shards, closed reports. */
  readonly closedObjects: ObjectsPlace;
  readonly jobs: JobsPlace;
};

type Kafka = NonNullable<Settings['kafka']>;

function certificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UnusableSetting(
      `HOLDFAST_KAFKA_CA names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}); name a file with certificates, or write system`,
    );
  }
}

function kafkaPlace({ brokers, copies, ca, account }: Kafka): LogPlace {
  return {
    kind: 'kafka',
    clientId: 'holdfast',
    brokers,
    replication: copies,
    ...(ca === undefined ? {} : { ssl: ca === 'system' ? true : { ca: certificates(ca) } }),
    ...(account === undefined ? {} : { sasl: account }),
  };
}

export function placesFor({ data, kafka, s3, redis }: Pick<Settings, 'data' | 'kafka' | 's3' | 'redis'>): Places {
  const folders = storeFolders(data);
  const objectsIn = (dir: string, below: string): ObjectsPlace =>
    s3 === undefined ? { kind: 'folder', dir } : { kind: 's3', url: s3, below };
  return {
    log: kafka === undefined ? { kind: 'embedded', dir: folders.log, closedDir: folders.closedLog } : kafkaPlace(kafka),
    // Beside each other, so that rights can be granted by prefix.
    objects: objectsIn(folders.objects, 'open'),
    closedObjects: objectsIn(folders.closedObjects, 'closed'),
    jobs: redis === undefined ? { kind: 'embedded', dir: folders.jobs } : { kind: 'redis', url: redis },
  };
}

/** What a store on a cluster says of its format: each that it was ever written in is the name of an object. */
const formats = 'store-format/';

/** Refuses a store of a newer format; marks one that is written to. */
export async function checkSharedFormat(objects: ObjectStore, access: 'read' | 'write'): Promise<void> {
  const known = new Set<number>();
  for await (const key of objects.list(formats)) known.add(Number(key.slice(formats.length)));
  const newest = Math.max(0, ...known);
  if (newest > storeFormat) {
    throw new StoreFormatUnknown(
      `the store was written by a newer Holdfast (store format ${newest}; this one reads up to ${storeFormat}); use that one`,
    );
  }
  if (access === 'write' && !known.has(storeFormat)) await objects.put(`${formats}${storeFormat}`, new Uint8Array());
}
