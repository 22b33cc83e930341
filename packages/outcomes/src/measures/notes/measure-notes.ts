import type { MeasureKind } from '@holdfast/events';
import { notes as abstinence } from './abstinence.ts';
import type { MeasureNote } from './measure-note.ts';

/** What is said of each kind of measure, from the notes of its family. */
export const measureNotes: Partial<Record<MeasureKind, MeasureNote>> = {
  ...abstinence,
};
