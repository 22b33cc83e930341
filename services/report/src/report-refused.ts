/** A report cannot be made, kept or shown as it was asked for: the message says why and what to do. Trying again alone changes nothing. */
export class ReportRefused extends Error {
  readonly code = 'HF_REPORT_REFUSED';
  readonly retryable = false;
  override readonly name = 'ReportRefused';
}
