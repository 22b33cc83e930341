import { z } from 'zod';
import { InvalidJob } from './job-errors.ts';

const name = (what: string, most: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[A-Za-z][A-Za-z0-9_-]{0,${most - 1}}$`),
      `${what} begins with a letter, has letters, digits, - and _, at most ${most}`,
    );

/** Ids and numbers. Text with spaces is refused: what people wrote does not belong into a queue. */
const jobData = z.record(
  name('a name', 40),
  z.union([z.int(), z.string().regex(/^[\x21-\x7e]{1,256}$/, 'an id is printable ASCII without spaces, at most 256')]),
);
export type JobData = Readonly<z.infer<typeof jobData>>;

/** How often a job is tried, and how long after its first failure the second time; each further pause is twice as long, up to an hour. */
const retry = z.strictObject({
  tries: z.int().min(1).max(20),
  firstPauseMs: z
    .int()
    .min(1)
    .max(60 * 60 * 1000),
});
export type Retry = Readonly<z.infer<typeof retry>>;

/** More than nine hours of tries: a store that was away for a night’s maintenance costs no job. */
export const usualRetry: Retry = { tries: 20, firstPauseMs: 2_000 };

const work = { kind: name('a kind', 40), data: jobData, retry: retry.default(usualRetry) };

const newJob = z
  .strictObject({
    id: name('a job’s id', 160),
    ...work,
    /** Run first, each as a job of its own with the id `PARENT.NAME`. One that is given up gives its parent up. */
    children: z
      .array(z.strictObject({ name: name('a child’s name', 40), ...work }))
      .max(1_000)
      .default([]),
  })
  .refine(({ children }) => new Set(children.map((child) => child.name)).size === children.length, {
    message: 'two children have one name',
    path: ['children'],
  });

/** A job to be done. Its id says what it makes, e.g. a report and its slot: it can then be made once only. */
export type NewJob = z.input<typeof newJob>;
/** The same with everything that was left out. */
export type CheckedJob = z.output<typeof newJob>;

/** `InvalidJob` says what is wrong, without what stands there. */
export function checkedJob(job: NewJob): CheckedJob {
  const parsed = newJob.safeParse(job);
  if (parsed.success) return parsed.data;
  const id = typeof job?.id === 'string' && job.id.length <= 160 ? ` ${job.id}` : '';
  throw new InvalidJob(`the job${id} cannot be queued: ${said(parsed.error)}`);
}

/** What a handler answers is kept as a job's data are. */
export function checkedResult(result: unknown): JobData {
  const parsed = jobData.safeParse(result ?? {});
  if (parsed.success) return parsed.data;
  throw new InvalidJob(`what the handler answered is not made of ids and numbers: ${said(parsed.error)}`);
}

function said({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`).join('; ');
}

export const childId = (parent: string, child: string): string => `${parent}.${child}`;

/** The job that an id belongs to, itself or its parent. */
export const rootOf = (id: string): string => id.split('.', 1)[0] ?? id;

/** How long to wait after so many tries that failed. */
export function pauseAfter(tries: number, { firstPauseMs }: Retry): number {
  return Math.min(firstPauseMs * 2 ** (tries - 1), 60 * 60 * 1000);
}

/** Whether trying again can help: whoever threw says so. */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof Error && 'retryable' in error && error.retryable === false);
}

export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1_000) || 'no reason was given';
}
