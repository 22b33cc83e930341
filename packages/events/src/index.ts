export { canonicalEvent, canonicalJson, contentOf, sha256 } from './canonical.ts';
export { type CivilDay, civilDay, dateIn, dateOf, instantOf } from './civil-date.ts';
export {
  type EventData,
  type EventOf,
  type EventType,
  envelopeOf,
  eventSchemas,
  fullType,
  type HoldfastEvent,
  isOwnRecord,
  maySendArms,
  type Parsed,
  type ParticipantEvent,
  parseEvent,
  shortType,
  siteOf,
  trialOf,
} from './event.ts';
export type { Field } from './events-page.ts';
export { fieldNames } from './field-names.ts';
export { type Amount, type CountedSubstance, gramsOf } from './grams.ts';
export { CivilDate, CutName, ParticipantId } from './identifiers.ts';
export { type Instrument, type ItemRanges, instruments, type ScoreRange } from './instruments.ts';
export { jsonSchemaFiles } from './json-schemas.ts';
export { type Problem, pathText, problemsOf } from './problem.ts';
export { protocolCheck } from './protocol/check-event.ts';
export { Estimand, type IntercurrentEvent } from './protocol/estimands.ts';
export type { Group, Population } from './protocol/groups.ts';
export { type DeclaredInstrument, instrumentsOf } from './protocol/instruments.ts';
export type { ContinuousAbstinence, RollingAbstinence } from './protocol/measures/abstinence.ts';
export type { Amount as AmountMeasure, DaysOfUse, NoHeavyDays, RiskLevel } from './protocol/measures/amounts-of-use.ts';
export { type Stretch, stretchName } from './protocol/measures/common.ts';
export type { Exposure, Visits } from './protocol/measures/conduct.ts';
export {
  type FirstUse,
  isRelapseToBeMissing,
  isRelapseToLeave,
  type Lapse,
  type Relapse,
  type RelapsePattern,
  type Retention,
} from './protocol/measures/first-events.ts';
export {
  type AbstinenceMeasure,
  type FirstEventMeasure,
  horizonOf,
  isAbstinenceMeasure,
  isFirstEventKind,
  isFirstEventMeasure,
  isSafetyMeasure,
  isShareKind,
  isUseMeasure,
  isValueMeasure,
  Measure,
  type MeasureKind,
  type MeasureOf,
  type SafetyMeasure,
  type UseMeasure,
  type ValueMeasure,
  windowsOf,
} from './protocol/measures/measure.ts';
export { type MeasureShape, measureKinds, measureShape } from './protocol/measures/measure-fields.ts';
export type { AdverseEvents, Suicidality, VitalPeaks } from './protocol/measures/safety.ts';
export { type Choices, type Landmark, landmarkName, type Scale } from './protocol/measures/scores.ts';
export {
  type Coverage,
  carriedDays,
  type EvidenceRule,
  type FollowedPolicy,
  type HeavyDay,
  type MissingPolicy,
} from './protocol/measures/use-evidence.ts';
export type { AnchoredDay, PatternAnchor, PatternRule } from './protocol/patterns.ts';
export { hasRealDates, Protocol, type Visit } from './protocol/protocol.ts';
export { parseProtocol } from './protocol/protocol-file.ts';
export { ReportKind, ReportSchedule } from './protocol/report-schedules.ts';
export {
  type AmendedProtocol,
  amendedProtocol,
  type DatedSchedule,
  type PublishedVersion,
  protocolFor,
  type Schedule,
} from './protocol/schedule.ts';
export { type BiomarkerKind, biomarkerResult } from './types/biomarker.ts';
export { closedByDefault } from './types/closed-by-default.ts';
export { type ObservationType, observationTypes } from './types/observation-types.ts';
export { type TypeNote, typeNotes } from './types/type-notes.ts';
export { isOlder, type Said, type Upcast, type Upcasts, upcast, upcasts } from './upcasts.ts';
export { parseYaml } from './yaml-file.ts';
export { yamlLine } from './yaml-line.ts';
