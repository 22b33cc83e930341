import type { EndpointDefinition, EndpointSource, EndpointValue } from './published-endpoint.ts';
import type { Rule } from './rule.ts';

/** A definition, its formula told by the rule that computes it. */
export function defined({
  rule,
  ...texts
}: Omit<EndpointDefinition, 'formula' | 'of'> & { readonly rule: Rule<EndpointValue> }): EndpointDefinition {
  return { ...texts, formula: rule.says, of: rule.of };
}

/** An endpoint as its family lists it. */
export type EndpointEntry = {
  readonly id: string;
  readonly source: EndpointSource;
  readonly definition: EndpointDefinition;
  readonly warnings?: readonly string[];
};
