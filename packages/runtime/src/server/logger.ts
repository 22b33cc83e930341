import { type Logger, pino } from 'pino';
import type { LogLevel } from '../settings.ts';

export type { Logger };

export type LoggerOptions = {
  readonly level: LogLevel;
  /** Where the lines go, standard output by default. */
  readonly to?: { write(line: string): void };
};

/** Errors thrown on purpose, and those of the system, say what we wrote; any other message may quote what a site sent. */
function isSafe(error: Error): boolean {
  if ('syscall' in error) return true;
  const code = 'code' in error ? String(error.code) : '';
  return code.startsWith('HF_') && code !== 'HF_SHARD_THREAD_FAILED';
}

/** What may be logged of an error: where it was thrown, and its words only if they are ours. */
export function loggable(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error ? { code: String(error.code) } : {};
  const words = isSafe(error) ? { message: error.message } : { message: 'withheld: it may quote an event' };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { type: error.name, ...code, ...words, stack: frames.map((line) => line.trim()).join(' | ') };
}

/** Structured logs, one JSON object a line. Whoever logs adds no participant, no arm and no value of a measure. */
export function openLogger({ level, to }: LoggerOptions): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: loggable },
  };
  return to === undefined ? pino(options) : pino(options, to);
}
