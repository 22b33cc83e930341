export { type EnteredEvent, type Scenario, simulateTrial } from './simulate-trial.ts';
