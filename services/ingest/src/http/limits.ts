/** What one server takes at most. */
export type Limits = {
  /** Bytes of a request's body, as it comes and unpacked. */
  readonly bodyBytes: number;
  readonly eventsPerRequest: number;
  readonly requestsPerMinute: number;
  /** Bytes of bodies that are read, judged or not durable yet, of all requests together. */
  readonly waitingBytes: number;
  /** Events that are judged, and not durable yet. */
  readonly waitingEvents: number;
  /** How long a request waits until its events are durable; then it is told to try again. */
  readonly durableWithinMs: number;
};

export const defaultLimits: Limits = {
  bodyBytes: 16 * 1024 * 1024,
  eventsPerRequest: 10_000,
  requestsPerMinute: 6_000,
  waitingBytes: 64 * 1024 * 1024,
  waitingEvents: 100_000,
  durableWithinMs: 10_000,
};
