export { canonicalEvent, canonicalJson, contentOf, sha256 } from './canonical.ts';
export { type CivilDay, civilDay, dateOf } from './civil-date.ts';
export {
  type EventData,
  type EventOf,
  type EventType,
  eventSchemas,
  fullType,
  type HoldfastEvent,
  type Parsed,
  type ParticipantEvent,
  parseEvent,
  shortType,
  siteOf,
  trialOf,
} from './event.ts';
export { jsonSchemaFiles } from './json-schemas.ts';
export { type Problem, pathText, problemsOf } from './problem.ts';
export { protocolCheck } from './protocol/check-event.ts';
export type {
  Coverage,
  EvidenceRule,
  FirstUse,
  Measure,
  MissingPolicy,
  RollingAbstinence,
} from './protocol/measures.ts';
export { Protocol, type Visit } from './protocol/protocol.ts';
export { parseProtocol } from './protocol/protocol-file.ts';
export {
  type AmendedProtocol,
  amendedProtocol,
  type DatedSchedule,
  type PublishedVersion,
  protocolFor,
  type Schedule,
} from './protocol/schedule.ts';
export { type ObservationType, observationTypes } from './types/observation-types.ts';
export { yamlLine } from './yaml-line.ts';
