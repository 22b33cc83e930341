import { abstinenceEndpoints } from './abstinence.ts';
import type { EndpointEntry } from './entry.ts';
import type { EndpointFamily, PublishedEndpoint } from './published-endpoint.ts';
import { reductionEndpoints } from './reduction.ts';
import { relapseEndpoints, retentionEndpoints } from './relapse.ts';

function ofFamily(family: EndpointFamily, entries: readonly EndpointEntry[]): PublishedEndpoint[] {
  return entries.map((entry) => ({ warnings: [], ...entry, family }));
}

/**
 * 54 endpoints of published trials of treatments of opioid use disorder, over weekly use patterns. 43 are distinct computations; those
 * that are the same share their definition. Source: the library of endpoints of the CTN-0094 study team (Odom, Brandt, Balise and others, 2023).
 */
export const publishedEndpoints: readonly PublishedEndpoint[] = [
  ...ofFamily('abstinence', abstinenceEndpoints),
  ...ofFamily('reduction', reductionEndpoints),
  ...ofFamily('relapse', relapseEndpoints),
  ...ofFamily('retention', retentionEndpoints),
];
