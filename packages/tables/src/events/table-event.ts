import {
  type HoldfastEvent,
  type Parsed,
  type Problem,
  type Protocol,
  parseEvent,
  protocolCheck,
} from '@holdfast/events';

/** An event that the tables gave, not judged yet. `data` may be shared by events of equal data: it is frozen. */
export type TableEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly type: string;
  readonly time: string;
  readonly recordedtime: string;
  readonly data: unknown;
};

/**
 * Says whether an event is accepted: as what (any value that the caller goes on with), or for which problems not. It may be asked again
 * for an event from which a refused part has been taken out.
 */
export type Judge<T> = (event: TableEvent, trial: string) => Parsed<T>;

/** The door's own rules, schema and protocol, without a door: enough for a dry run. */
export function defaultJudge(trials: ReadonlyMap<string, Protocol>): Judge<HoldfastEvent> {
  const checks = new Map([...trials].map(([trial, protocol]) => [trial, protocolCheck(protocol)]));
  return (event, trial) => {
    const parsed = parseEvent(event);
    if (!parsed.ok) return parsed;
    const check = checks.get(trial);
    const problems: readonly Problem[] =
      check === undefined
        ? [{ path: 'source', message: `trial ${trial} is not published; publish its protocol` }]
        : check(parsed.value);
    return problems.length === 0 ? parsed : { ok: false, problems };
  };
}
