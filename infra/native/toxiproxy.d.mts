/** `up` is towards the server, `down` towards the client. */
export type Direction = 'up' | 'down';

/** A line to a server, on which things go wrong as they are told to; faults of different kinds add up, until `heal`. */
export type Line = {
  /** Where clients connect instead of to the server: `host:port`. */
  readonly address: string;
  /** Connections are closed, and new ones refused. */
  cut(): Promise<void>;
  /** Connections stay open and nothing arrives any more, as where a network is parted. What is sent meanwhile is lost: `heal` closes them. */
  silence(directions?: readonly Direction[]): Promise<void>;
  /** What arrives is so many milliseconds late; up to `jitter` more or less, at random. */
  latency(milliseconds: number, jitter?: number, directions?: readonly Direction[]): Promise<void>;
  slow(kilobytesPerSecond: number, directions?: readonly Direction[]): Promise<void>;
  /** Each connection is closed after so many bytes. */
  truncate(bytes: number, directions?: readonly Direction[]): Promise<void>;
  /** A connection on which something is sent is reset so many milliseconds later. */
  reset(milliseconds?: number, directions?: readonly Direction[]): Promise<void>;
  /** All is well again, for new connections and for those that are still open. */
  heal(): Promise<void>;
};

export type NativeToxiproxy = {
  /** A new line to the server at `host:port`, which need not be there yet. */
  line(to: string): Promise<Line>;
  stop(): Promise<void>;
};

export const toxiproxyVersion: string;
export function startToxiproxy(): Promise<NativeToxiproxy>;
