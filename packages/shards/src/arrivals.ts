import type { Observation } from '@holdfast/outcomes';

/** What arrived of one participant. */
export type Arrivals = { readonly open: Observation<'open'>[]; readonly sealed: Observation<'sealed'>[] };
