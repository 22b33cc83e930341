export {
  type DayOfUse,
  type DayStatus,
  daysOfUse,
  evidenceDays,
  observationsFor,
  type StatusOfDay,
  statusByDay,
} from './day-status.ts';
export type { TimeToEvent } from './endpoints/finding.ts';
export {
  columnsOf,
  type EndpointDefinition,
  type EndpointValue,
  endpointOf,
  type PublishedEndpoint,
} from './endpoints/published-endpoint.ts';
export { publishedEndpoints } from './endpoints/published-endpoints.ts';
export { foreignSymbol, type UseWord } from './endpoints/word.ts';
export type { Statement } from './evidence/statement.ts';
export { dayOfDeath } from './excluded-days.ts';
export { type ExplainedWindow, type Explanation, explain, type PolicyVerdict } from './explain.ts';
export {
  type EventBehind,
  type ExplainedValue,
  type ExplainedValues,
  explainRetention,
  explainValues,
} from './explain-values.ts';
export type { ClosedFacts, FirstEvent, Issue, IssueKind, OpenFacts, Spell, StudyDay, ValueFact } from './facts.ts';
export { fold, foldOpen, foldVersion, openFacts } from './fold.ts';
export { type FactsByMeasure, type Followed, type Follower, follower, type Taking } from './followed.ts';
export { notKnown } from './groups.ts';
export { identityKey, settleIdentity } from './history/identity.ts';
export { type Effective, replace } from './history/replacing.ts';
export { settleOpen, settleSealed } from './history/settle.ts';
export { issuesOf, type ParticipantIssues } from './issues.ts';
export { adverseEventItem, type CountedAdverseEvent, countedAdverseEvents } from './measures/adverse-events.ts';
export { type CountedDays, spellsIn } from './measures/counted-days.ts';
export { leavingOf } from './measures/leaving.ts';
export type { MeasureFacts } from './measures/measure-fold.ts';
export { isYesOrNo } from './measures/yes-or-no.ts';
export type { History, Observation, ObservationOf, Side } from './observation.ts';
export { isOpenMeasure } from './open-measures.ts';
export type { Finding } from './patterns/findings.ts';
export { differsByArm, isOpenPattern } from './patterns/open-patterns.ts';
export {
  type PatternPhase,
  type PatternSymbol,
  type PatternWeek,
  patternWords,
  usePattern,
} from './patterns/use-pattern.ts';
export { populationOf } from './populations.ts';
export { perRun, type SpellRuns } from './spells.ts';
export { dataText, type ObservationHead, storedObservation } from './stored-observation.ts';
