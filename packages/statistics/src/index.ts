export { meanDifference, type Summary, summaryOf, type Valued } from './distribution.ts';
export { exactPoissonRate } from './exact-poisson-rate.ts';
export { type FactorialEffects, type FourCells, factorialEffects, type Moments } from './factorial.ts';
export type { Difference, DifferenceInterval, Proportion, RateInterval } from './interval.ts';
export { type EndedOnDay, kaplanMeier, type SurvivalOnDay } from './kaplan-meier.ts';
export { meanInterval } from './mean-interval.ts';
export { riskDifference } from './risk-difference.ts';
export { type AbstinentMissingDue, groupAhead, tippingCount } from './tipping-count.ts';
export { wilson } from './wilson.ts';
