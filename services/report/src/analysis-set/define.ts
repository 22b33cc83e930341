import { createHash } from 'node:crypto';
import { canonicalJson } from '@holdfast/events';
import type { DataCut } from '@holdfast/trials';
import type { DataSetDefinition } from './data-set.ts';

/** A file of an export; its name is unique in it. */
export type ExportedFile = { readonly name: string; readonly bytes: Uint8Array };

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What defines the data sets, in the terms of Define-XML 2.1: data sets, variables with label, type and origin, code lists. */
export function defineFile(
  { trial, name, createdAt, asOf, cutOff, clock, protocol, rewritten }: DataCut,
  about: {
    readonly digest: string;
    readonly hasArms: boolean;
    readonly foldVersion: number;
    readonly holdfast: string;
  },
  sets: readonly (DataSetDefinition & { readonly records: number })[],
  files: readonly ExportedFile[],
): ExportedFile {
  const define = {
    format: 'holdfast-analysis-set/1',
    trial,
    cut: {
      ...{ name, createdAt, asOf, cutOff, clock, protocolVersion: protocol.version, digest: about.digest },
      // A participant was erased from it: what was exported, or reported, of it before is of other contents.
      ...(rewritten === undefined ? {} : { rewritten }),
    },
    hasArms: about.hasArms,
    versions: { holdfast: about.holdfast, fold: about.foldVersion },
    dataSets: sets.map((set) => ({
      ...{ name: set.name, label: set.label, structure: set.structure, keys: set.keys, records: set.records },
      variables: set.variables.map(({ name: variable, label, type, origin, source, codes }) => ({
        ...{ name: variable, label, type, origin, derivation: source },
        ...(codes === undefined ? {} : { codes }),
      })),
    })),
    files: files.map((file) => ({ name: file.name, size: file.bytes.length, sha256: sha256Of(file.bytes) })),
  };
  // Sorted keys, so that the same cut gives the same bytes; a line each, for people read it.
  const text = JSON.stringify(JSON.parse(canonicalJson(define)), null, 1);
  return { name: 'define.json', bytes: Buffer.from(`${text}\n`, 'utf8') };
}
