export * from './job-errors.ts';
export * from './job-queue.ts';
export { type JobData, type NewJob, type Retry, usualRetry } from './new-job.ts';
export { type JobsPlace, openJobs } from './open-jobs.ts';
export * from './schedule.ts';
export * from './slot-clock.ts';
