import { between } from './crash.mjs';

const meant = await import(new URL(import.meta.url).searchParams.get('wraps'));

/** What is put, by the folder that it is put into. */
const kinds = { archive: 'archive', snapshots: 'snapshot', cuts: 'cut', 'rewritten-cuts': 'cut' };

const crashing = (objects) => ({
  ...objects,
  put(key, body) {
    const kind = kinds[key.split('/')[0]];
    return kind === undefined ? objects.put(key, body) : between(kind, () => objects.put(key, body));
  },
  remove: (key) => between('removal', () => objects.remove(key)),
});

export const folderObjectStore = (dir) => crashing(meant.folderObjectStore(dir));
export const s3ObjectStore = (...place) => crashing(meant.s3ObjectStore(...place));
