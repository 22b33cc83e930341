export { type EmbeddedJobQueueOptions, embeddedJobQueue } from './embedded-job-queue.ts';
