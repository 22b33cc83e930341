import type { CivilDay } from '@holdfast/events';
import type { Observation, Side } from './observation.ts';

/** What identity, order and ties are decided by: all of an observation but its data. */
export type ObservationHead = {
  readonly side: Side;
  readonly type: Observation['type'];
  readonly source: string;
  readonly id: string;
  readonly sha256: string;
  readonly recordedAt: number;
  readonly day: CivilDay;
};

/** An observation whose data are still the text they were stored as: of most events no measure ever looks at more than the head. */
class StoredObservation implements ObservationHead {
  readonly side: Side;
  readonly type: Observation['type'];
  readonly source: string;
  readonly id: string;
  readonly sha256: string;
  readonly recordedAt: number;
  readonly day: CivilDay;
  readonly dataText: string;
  private parsed: Observation['data'] | undefined;

  constructor(head: ObservationHead, dataText: string) {
    this.side = head.side;
    this.type = head.type;
    this.source = head.source;
    this.id = head.id;
    this.sha256 = head.sha256;
    this.recordedAt = head.recordedAt;
    this.day = head.day;
    this.dataText = dataText;
    this.parsed = undefined;
  }

  get data(): Observation['data'] {
    this.parsed ??= JSON.parse(this.dataText) as Observation['data'];
    return this.parsed;
  }
}

/** An observation from its head and the JSON text of its (valid) data, which is read when somebody asks for it. */
export function storedObservation<S extends Side>(
  head: ObservationHead & { readonly side: S },
  dataText: string,
): Observation<S> {
  return new StoredObservation(head, dataText) as unknown as Observation<S>;
}

/** The JSON text of an observation's data. */
export function dataText(observation: Observation): string {
  return observation instanceof StoredObservation ? observation.dataText : JSON.stringify(observation.data);
}
