import type { Parsed } from '../event.ts';
import { parseYaml } from '../yaml-file.ts';
import { Protocol } from './protocol.ts';

/** Reads a protocol from YAML; each problem's message begins with `line N: path`. */
export function parseProtocol(text: string): Parsed<Protocol> {
  return parseYaml(Protocol, text, 'protocol');
}
