import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ByArmQuestion, mayShowByArm } from './audience.ts';

const question: fc.Arbitrary<ByArmQuestion> = fc.record({
  blinding: fc.constantFrom('open', 'double'),
  hasKey: fc.boolean(),
  allHorizonsPassed: fc.boolean(),
  what: fc.constantFrom('efficacy', 'safety'),
});

const asked = (changed: Partial<ByArmQuestion>): ByArmQuestion => ({
  blinding: 'double',
  hasKey: true,
  allHorizonsPassed: false,
  what: 'efficacy',
  ...changed,
});

/** The reason for a refusal; empty if allowed. */
function refusal(changed: Partial<ByArmQuestion>): string {
  const verdict = mayShowByArm(asked(changed));
  return verdict.allowed ? '' : verdict.reason;
}

test('an open-label trial shows everything by arm', () => {
  fc.assert(
    fc.property(question, (q) => {
      expect(mayShowByArm({ ...q, blinding: 'open' })).toEqual({ allowed: true });
    }),
  );
});

test('a double-blind trial shows nothing by arm without the key, and says what is needed', () => {
  fc.assert(
    fc.property(question, (q) => {
      expect(refusal({ ...q, blinding: 'double', hasKey: false })).toMatch(/double-blind.*--key/);
    }),
  );
});

test('while a double-blind trial runs, efficacy by arm is refused even with the key, but for a look', () => {
  expect(refusal({})).toMatch(/still running.*only at a look/);
});

test('once every horizon has passed the key suffices for efficacy', () => {
  expect(refusal({ allHorizonsPassed: true })).toBe('');
});

test('safety by arm needs the key only', () => {
  expect(refusal({ what: 'safety' })).toBe('');
  expect(refusal({ what: 'safety', allHorizonsPassed: true })).toBe('');
});

test('giving the key, and the end of the trial, never take away what was allowed', () => {
  fc.assert(
    fc.property(question, (q) => {
      if (!mayShowByArm(q).allowed) return;
      expect(mayShowByArm({ ...q, hasKey: true }).allowed).toBe(true);
      expect(mayShowByArm({ ...q, allHorizonsPassed: true }).allowed).toBe(true);
    }),
  );
});

test('every reason is one line of whole sentences', () => {
  fc.assert(
    fc.property(question, (q) => {
      const verdict = mayShowByArm(q);
      if (!verdict.allowed) expect(verdict.reason).toMatch(/^[A-Z][^\n]+\.$/);
    }),
  );
});
