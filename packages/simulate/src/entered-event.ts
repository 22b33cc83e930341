import type { HoldfastEvent } from '@holdfast/events';

/** An event, and the day on which the site enters it. */
export type EnteredEvent = { readonly day: number; readonly event: HoldfastEvent };
