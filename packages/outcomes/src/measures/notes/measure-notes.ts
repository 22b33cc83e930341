import type { MeasureKind } from '@holdfast/events';
import { notes as abstinence } from './abstinence.ts';
import { notes as amountsOfUse } from './amounts-of-use.ts';
import { notes as conduct } from './conduct.ts';
import { notes as firstEvents } from './first-events.ts';
import type { MeasureNote } from './measure-note.ts';
import { notes as safety } from './safety.ts';
import { notes as scores } from './scores.ts';

/** What is said of each kind of measure, from the notes of its family. */
export const measureNotes: Partial<Record<MeasureKind, MeasureNote>> = {
  ...abstinence,
  ...firstEvents,
  ...amountsOfUse,
  ...scores,
  ...conduct,
  ...safety,
};
