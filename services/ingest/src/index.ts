export type { Appended } from './appended.ts';
export { type Clock, type ClockOptions, datesToTurn, startClock } from './clock.ts';
export { type Accepted, type Door, type DoorOptions, NoTrialKey, openDoor, type Verdict } from './door.ts';
export { type EventInput, eventInputs } from './event-files.ts';
export { type ImportedClock, importedClock } from './imported-clock.ts';
export { type KeptRejection, type RejectedIdentity, type Rejection, readRejections } from './rejections.ts';
export { type Inlet, type TakeEventsOptions, type TakenEvents, takeEvents } from './take-events.ts';
export { appending, judgeOf, rejectedRowsAsCsv } from './take-tables.ts';
