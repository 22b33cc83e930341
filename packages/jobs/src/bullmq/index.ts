export { type BullmqJobQueueOptions, bullmqJobQueue } from './bullmq-job-queue.ts';
export { type RedisPlace, redisPlace } from './redis-place.ts';
