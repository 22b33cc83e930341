import type { ObjectStore } from './object-store.ts';

/** Where objects are: a folder of this machine, or an S3 store (a URL: docs/s3.md). Plain data, as a log's place is. */
export type ObjectsPlace =
  | { readonly kind: 'folder'; readonly dir: string }
  | { readonly kind: 's3'; readonly url: string; readonly below: string };

/** Opens an object store. `below` is a folder in the S3 store of which nothing else is seen. */
export async function openObjects(place: ObjectsPlace): Promise<ObjectStore> {
  // Only what is used is loaded.
  if (place.kind === 'folder') return (await import('./folder/index.ts')).folderObjectStore(place.dir);
  const { s3ObjectStore, s3Place } = await import('./s3/index.ts');
  const found = s3Place(place.url);
  return s3ObjectStore({ ...found, prefix: `${found.prefix}${place.below}/` });
}
