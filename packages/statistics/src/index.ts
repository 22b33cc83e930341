export { exactPoissonRate } from './exact-poisson-rate.ts';
export type { RateInterval } from './interval.ts';
export { type EndedOnDay, kaplanMeier, type SurvivalOnDay } from './kaplan-meier.ts';
export { wilson } from './wilson.ts';
