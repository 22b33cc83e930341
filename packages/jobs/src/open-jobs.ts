import type { JobQueue } from './job-queue.ts';

/** Where jobs are: a folder of this machine, or Redis (a URL: docs/jobs.md). */
export type JobsPlace =
  | { readonly kind: 'embedded'; readonly dir: string }
  | { readonly kind: 'redis'; readonly url: string };

/** Opens a queue. Only the client that is used is loaded. */
export async function openJobs(place: JobsPlace): Promise<JobQueue> {
  if (place.kind === 'embedded') return (await import('./embedded/index.ts')).embeddedJobQueue({ dir: place.dir });
  const { bullmqJobQueue, redisPlace } = await import('./bullmq/index.ts');
  return bullmqJobQueue({ place: redisPlace(place.url) });
}
