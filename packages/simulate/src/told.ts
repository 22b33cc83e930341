import type { CivilDay, EventData, ObservationType } from '@holdfast/events';

/** What is to be told of a participant: on which day it happened, at which minute of it, and what. Noon where nothing else is said. */
export type Told = {
  [T in ObservationType]: {
    readonly type: T;
    readonly day: CivilDay;
    readonly minute?: number;
    readonly data: EventData<T>;
    /** Arms come from the randomisation service, on the very day. */
    readonly byRandomisation?: true;
  };
}[ObservationType];

export const noon = 12 * 60;
