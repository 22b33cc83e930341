export { exactPoissonRate } from './exact-poisson-rate.ts';
export type { RateInterval } from './interval.ts';
export { wilson } from './wilson.ts';
