import type { DataCut } from '@holdfast/trials';

/** What the arms of a rehearsal are dealt by: seeded by the cut, so that a rehearsal is a function of it too. */
export const rehearsalSeed = ({ trial, name, openDigest }: Pick<DataCut, 'trial' | 'name' | 'openDigest'>): string =>
  `rehearsal ${trial} ${name} ${openDigest}`;
