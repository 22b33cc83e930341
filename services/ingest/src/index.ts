export { type Door, type DoorOptions, NoTrialKey, openDoor, type Rejection, type Verdict } from './door.ts';
export { type EventInput, eventInputs } from './event-files.ts';
export { type ImportedClock, importedClock } from './imported-clock.ts';
