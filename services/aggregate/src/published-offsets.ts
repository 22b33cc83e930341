import type { AmendedProtocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { foldVersion } from '@holdfast/outcomes';
import { readTallies } from '@holdfast/trials';

/** By partition, up to where a trial's published tallies of this protocol and fold version reach, whoever published them; undefined where there are none. */
export async function publishedOffsets(
  log: EventLog,
  protocol: AmendedProtocol,
): Promise<readonly (number | undefined)[]> {
  const { positions } = await readTallies(log, protocol, 'open');
  return positions.map((at) =>
    at !== undefined && at.protocolVersion >= protocol.version && at.foldVersion >= foldVersion ? at.offset : undefined,
  );
}
