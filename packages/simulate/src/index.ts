export type { EnteredEvent } from './entered-event.ts';
export {
  type LoadTrial,
  loadByDay,
  loadByParticipant,
  loadProtocol,
  loadTrialOver,
  type SentDay,
} from './load-trial.ts';
export { type Claim, ofSize, parseScenario, Scenario, scenarioProblems } from './scenario.ts';
export { simulateTrial } from './simulate-trial.ts';
export { type TrueQuestion, type TrueValue, type Truth, trueValues, truthOf } from './truth.ts';
