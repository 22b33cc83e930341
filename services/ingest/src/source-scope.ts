import type { Problem } from '@holdfast/events';

/**
 * Why a token may not send this, if it may not. Whoever corrects or takes back speaks for the source of what was sent: else one site
 * could change another’s events, or the arms.
 */
export function outOfScope(input: unknown, own: string): readonly Problem[] {
  const source = textAt(input, 'source');
  const target = textAt(fieldOf(fieldOf(input, 'data'), 'target'), 'source');
  const problems: Problem[] = [];
  if (source !== undefined && source !== own) {
    const message = `is not what this token is of; it sends only what comes from ${own}: correct the source, or use the other’s token`;
    problems.push({ path: 'source', message });
  }
  if (target !== undefined && target !== own) {
    const message = `is not what this token is of; it corrects and takes back only what came from ${own}: leave that to the other’s token`;
    problems.push({ path: 'data.target.source', message });
  }
  return problems;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function textAt(value: unknown, name: string): string | undefined {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : undefined;
}
