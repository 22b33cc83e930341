import { Option } from 'commander';

/** How data are printed on standard output. */
export type Format = 'table' | 'csv' | 'json';

export function formatOption(): Option {
  return new Option('--format <format>', 'how to print data').choices(['table', 'csv', 'json']).default('table');
}
