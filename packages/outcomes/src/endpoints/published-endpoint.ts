import type { TimeToEvent } from './finding.ts';
import type { UseWord } from './word.ts';

/** `share`: 0 to 1. `score`: 0 to 120. `count`: weeks, halves possible. `time-to-event`: weeks. */
export type EndpointOutput = 'logical' | 'count' | 'share' | 'score' | 'time-to-event';

export type EndpointFamily = 'abstinence' | 'reduction' | 'relapse' | 'retention';

/** Undefined where the word is too short for a window, or has unscheduled weeks that the endpoint cannot weigh. */
export type EndpointValue = boolean | number | TimeToEvent | undefined;

/** What is computed. Endpoints of several publications that are the same computation share one definition. */
export type EndpointDefinition = {
  readonly output: EndpointOutput;
  /** What the value is, in one sentence. */
  readonly meaning: string;
  /** How it is computed, in words. */
  readonly formula: string;
  /** What happens to missed weeks. */
  readonly missing: string;
  /** What short words and unscheduled weeks give. */
  readonly edges: string;
  readonly of: (word: UseWord) => EndpointValue;
};

export type EndpointSource = {
  readonly authors: string;
  readonly year: number;
  /** Journal, volume and pages; or what stands in for them. */
  readonly where: string;
  /** What was studied, where the literature that we have says so. */
  readonly about?: string;
  readonly doi: readonly string[];
};

/**
 * An endpoint of a published trial, as the R package CTNote computes it from a weekly word (Odom, Brandt, Balise and others, 2023). Most
 * original trials tested more often or longer; they are not those trials' own primary analyses.
 */
export type PublishedEndpoint = {
  /** Family, first author, year: as in the published tables. A time to event has two columns there (`columnsOf`). */
  readonly id: string;
  readonly family: EndpointFamily;
  readonly source: EndpointSource;
  readonly definition: EndpointDefinition;
  /** Where the outcome computed is not what the publication defines, or means something else than it seems to. */
  readonly warnings: readonly string[];
};

/** The columns of an endpoint in the published tables: its id; of a time to event one for the time (`AbT_…`) and one for the event (`AbE_…`). */
export function columnsOf({ id, definition }: PublishedEndpoint): readonly string[] {
  if (definition.output !== 'time-to-event') return [id];
  return ['T', 'E'].map((letter) => id.replace('_', `${letter}_`));
}

/** What an endpoint is of a participant with this word: of phases 1 and 2 joined, without the baseline. */
export function endpointOf({ definition }: PublishedEndpoint, word: UseWord): EndpointValue {
  return definition.of(word);
}
