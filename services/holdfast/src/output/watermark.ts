import type { Protocol } from '@holdfast/events';
import type { TrialTallies } from '@holdfast/trials';

const list = (values: readonly (string | number)[]) => [...new Set(values)].join(', ');

/** What a number includes: protocol version, as-of date and watermark (events read, by partition). Goes to standard error. */
export function watermarkLine(
  protocol: Protocol,
  { positions, stale }: Pick<TrialTallies, 'positions' | 'stale'>,
): string {
  const known = positions.filter((position) => position !== undefined);
  const versions =
    known.length === 0 ? `${protocol.version}` : list(known.map(({ protocolVersion }) => protocolVersion));
  const asOf = known.length === 0 ? 'no day yet' : list(known.map(({ asOf: date }) => date ?? 'no day yet'));
  const offsets = positions.map((position) => position?.offset ?? 'not claimed').join('+');
  const warning =
    stale.length > 0 ? ` · STALE: partition ${stale.join(', ')} misses a difference and waits for its next claim` : '';
  return `${protocol.trial} · protocol version ${versions} · as of ${asOf} · watermark ${offsets} events${warning}`;
}
