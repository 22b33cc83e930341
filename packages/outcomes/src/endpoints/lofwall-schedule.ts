import { latticeOf } from './lattice.ts';

/** Weekly visits for 7 weeks, then every second week to week 15 (Lofwall MR and others, 2018). */
export const thinnedSchedule = latticeOf(['o', 7], ['_o', 4]);
