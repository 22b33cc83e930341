/** What made a job fail, as it may stand in a queue and in a log: plain data, in words that quote no event. */
export type Failure = { readonly message: string; readonly code: string; readonly retryable: boolean };

/** Errors of the system, ours, and those that DuckDB has of disks and memory say what we or they wrote; any other may quote what a site sent. */
const ofDuckdb = /^(IO|Out of Memory) Error/;

/**
 * A report is a function of its cut: what fails in making it fails again, so a job is tried again only after what may pass: a store, a
 * log or a disk that is away or full, a thread that died. Whoever throws such a thing says `retryable`.
 */
export function whatFailed(error: unknown): Failure {
  if (!(error instanceof Error))
    return { message: 'a defect of Holdfast: no error was thrown', code: '', retryable: false };
  const code = 'code' in error ? String(error.code) : '';
  const passes = 'retryable' in error ? error.retryable === true : 'syscall' in error || ofDuckdb.test(error.message);
  if (code.startsWith('HF_') || 'syscall' in error || ofDuckdb.test(error.message))
    return { message: error.message, code, retryable: passes };
  const [frame = ''] = (error.stack ?? '').split('\n').flatMap((line) => /([\w-]+\.[jt]s:\d+)/.exec(line)?.[1] ?? []);
  return { message: `a defect of Holdfast (${error.name} at ${frame})`, code: error.name, retryable: passes };
}

/** Making a report failed; the words and what follows from it are those of `whatFailed`. */
export class ReportFailed extends Error {
  override readonly name = 'ReportFailed';
  readonly code: string;
  readonly retryable: boolean;
  constructor({ message, code, retryable }: Failure, options?: ErrorOptions) {
    super(message, options);
    this.code = code.startsWith('HF_') ? code : 'HF_REPORT_FAILED';
    this.retryable = retryable;
  }
}
