export {
  type LoadTrial,
  loadByDay,
  loadByParticipant,
  loadProtocol,
  loadTrialOver,
  type SentDay,
} from './load-trial.ts';
export { type EnteredEvent, type Scenario, simulateTrial } from './simulate-trial.ts';
