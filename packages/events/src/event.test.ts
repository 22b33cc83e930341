import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { eventTypes, fullType, parseEvent, shortType, siteOf, trialOf } from './event.ts';
import { jsonSchemaFiles } from './json-schemas.ts';
import { pathText } from './problem.ts';

const folder = join(import.meta.dirname, '../../../schemas/examples/events');
const types = Object.keys(eventTypes);

/** The example of a type, with every optional field of the envelope too. */
function example(type: string): Record<string, unknown> {
  const event = JSON.parse(readFileSync(join(folder, `${type}.json`), 'utf8'));
  return { ...event, receivedtime: '2026-07-01T08:00:00.000Z', datacontenttype: 'application/json' };
}

/** What a message must say besides what is wrong: what to do. */
const advice =
  /\b(give|must be|remove it|write it|use one of|at most|at least|above|below|cannot be nested|swap the two|correct|drop the day|send a|16 hexadecimal digits|base64url)\b/;

function problemsOf(input: unknown) {
  const parsed = parseEvent(input);
  return parsed.ok ? [] : parsed.problems;
}

/** Where the first problem is, and whether every problem's message says what to do. */
function firstProblem(input: unknown): string {
  const problems = problemsOf(input);
  const unhelpful = problems.filter(({ message }) => !advice.test(message));
  if (unhelpful.length > 0) return `unhelpful: ${JSON.stringify(unhelpful)}`;
  return problems[0]?.path ?? 'no problem';
}

type Schema = {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
};
type Path = readonly PropertyKey[];
/** A value somewhere in an example, with the schema it obeys. */
type Place = { readonly path: Path; readonly schema: Schema; readonly value: unknown; readonly required: boolean };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of the alternatives of a schema the one that the value is of, by its constant `type`. */
function chosen(schema: Schema, value: unknown): Schema {
  const alternatives = schema.oneOf ?? schema.anyOf;
  return isObject(value)
    ? (alternatives?.find(({ properties }) => properties?.type?.const === value.type) ?? schema)
    : schema;
}

/** Every value of an example, from the emitted JSON Schema: what is written there and what is enforced must be one thing. */
function* placesOf(given: Schema, value: unknown, path: Path = [], required = true): Generator<Place> {
  const schema = chosen(given, value);
  yield { path, schema, value, required };
  if (Array.isArray(value) && schema.items !== undefined) {
    for (const [index, item] of value.entries()) yield* placesOf(schema.items, item, [...path, index]);
  }
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const field = schema.properties?.[key] ?? (schema.additionalProperties || undefined);
    if (field === undefined) expect.fail(`the schema has no ${pathText([...path, key])}`);
    yield* placesOf(field, inner, [...path, key], schema.required?.includes(key) ?? false);
  }
}

const schemas = new Map(
  types.map((type): [string, Schema] => [type, JSON.parse(jsonSchemaFiles().get(`events/${type}.v1.json`) ?? '')]),
);
const placesIn = (type: string) => [...placesOf(schemas.get(type) ?? {}, example(type))];

/** A copy with something else at a path; `undefined` takes the field away. `__proto__` becomes a field, as `JSON.parse` makes it. */
function changed(event: unknown, path: Path, to: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return to;
  const copy: object = Array.isArray(event) ? [...event] : { ...(event as object) };
  if (rest.length === 0 && to === undefined) Reflect.deleteProperty(copy, step);
  else {
    const value = rest.length === 0 ? to : changed(Reflect.get(copy, step), rest, to);
    Object.defineProperty(copy, step, { value, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

type Damage = { readonly path: Path; readonly to: unknown };

/** Does every damage to the example of a type, and compares where it is found with where it is. */
function expectFound(type: string, damages: readonly Damage[]): void {
  const found = damages.map(({ path, to }) => [pathText(path), to, firstProblem(changed(example(type), path, to))]);
  expect(found).toEqual(damages.map(({ path, to }) => [pathText(path), to, pathText(path)]));
}

/** Values of another type than the schema's. */
function otherTypes({ type, anyOf }: Schema): unknown[] {
  const all: Record<string, unknown> = { string: '5', number: 5.5, boolean: true, object: {}, array: [], null: null };
  const accepted = anyOf?.map((alternative) => alternative.type) ?? [type === 'integer' ? 'none' : type];
  return Object.entries(all).flatMap(([name, value]) => (accepted.includes(name) ? [] : [value]));
}

/** Values of the right type that the schema refuses. */
function badValues({ const: only, enum: few, pattern, ...bounds }: Schema): unknown[] {
  const { minLength, maxLength, minimum, exclusiveMinimum, maximum } = bounds;
  return [
    ...(only !== undefined || few !== undefined ? ['no-such-value', ''] : []),
    ...(pattern !== undefined
      ? ['', ' x', 'x y', 'é!', 'a\u0007'].filter((text) => !new RegExp(pattern, 'u').test(text))
      : []),
    ...(minLength !== undefined && minLength > 0 ? [''] : []),
    ...(maxLength !== undefined ? ['/trials/T'.padEnd(maxLength + 1, '/a')] : []),
    ...(minimum !== undefined ? [minimum - 1] : []),
    ...(exclusiveMinimum !== undefined ? [exclusiveMinimum] : []),
    ...(maximum !== undefined ? [maximum + 1] : []),
  ];
}

describe('examples of events', () => {
  test('there is one of every type, and no other', () => {
    expect(readdirSync(folder).sort()).toEqual(types.map((type) => `${type}.json`).sort());
  });

  test.each(types)('%s: its example is valid, and comes out as it went in', (type) => {
    const parsed = parseEvent(example(type));
    expect(parsed).toEqual({ ok: true, value: example(type) });
    if (parsed.ok) expect(canonicalJson(parsed.value)).toBe(canonicalJson(example(type)));
  });

  test.each(types)('%s: its example shows every field that the type has', (type) => {
    for (const { path, schema, value } of placesIn(type)) {
      if (path[0] === 'data' && path[1] === 'event') continue; // what a correction holds has an example of its own
      if (isObject(value)) expect(Object.keys(value)).toEqual(expect.arrayContaining(withoutRoom(schema, path)));
    }
  });
});

/** The fields of a schema that an example can show: of the two ways to write a dose or a guess one, of a day of use the fullest. */
function withoutRoom({ properties = {} }: Schema, path: Path): string[] {
  const elsewhere = ['given', 'planned'].includes(String(path.at(-1)))
    ? ['units']
    : 'level' in properties
      ? ['arm']
      : [];
  const bare = path.at(-2) === '2026-03-15';
  return bare ? [] : Object.keys(properties).filter((name) => !elsewhere.includes(name));
}

describe.each(types)('%s', (type) => {
  test('a required field that is missing is named', () => {
    const required = placesIn(type).filter(
      ({ path, required }) => required && path.length > 0 && typeof path.at(-1) === 'string',
    );
    const owned = required.filter(({ path }) => {
      const parent = placesIn(type).find((place) => pathText(place.path) === pathText(path.slice(0, -1)));
      return parent?.schema.required?.includes(String(path.at(-1))) ?? false;
    });
    expect(owned.length).toBeGreaterThan(6);
    expectFound(
      type,
      owned.map(({ path }) => ({ path, to: undefined })),
    );
  });

  test('a field that nobody knows is refused wherever it stands, also where its name is one of JavaScript’s own', () => {
    const objects = placesIn(type).filter(({ schema, value }) => isObject(value) && schema.properties !== undefined);
    const names = ['name', 'Data', 'constructor', 'toString', 'hasOwnProperty', '__proto__', 'prototype', ''];
    const damages = objects.flatMap(({ path }) => names.map((name) => ({ path: [...path, name], to: { x: 1 } })));
    expectFound(type, damages);
  });

  test('a value of another type is found where it stands', () => {
    const damages = placesIn(type).flatMap(({ path, schema }) => otherTypes(schema).map((to) => ({ path, to })));
    expectFound(type, damages);
  });

  test('a value that is not allowed is found where it stands', () => {
    const damages = placesIn(type).flatMap(({ path, schema }) => badValues(schema).map((to) => ({ path, to })));
    expect(damages.length).toBeGreaterThan(10);
    expectFound(type, damages);
  });

  test('a name that a list by name cannot have is refused, and none of JavaScript’s own gets through unseen', () => {
    const records = placesIn(type).filter(({ schema, value }) => isObject(value) && schema.propertyNames !== undefined);
    const damages = records.flatMap(({ path, value }) => {
      const [to] = Object.values(value as object);
      return ['__proto__', 'a b', '', 'é', '-x'].map((name) => ({ path: [...path, name], to }));
    });
    expectFound(type, damages);
  });

  test('every message about it is one line, and quotes nothing of what was sent but names of fields', () => {
    const secret = 'Ketamine0.8';
    for (const { path, value } of placesIn(type)) {
      if (path.length === 0 || typeof value === 'object') continue;
      for (const { message } of problemsOf(changed(example(type), path, `${secret}\n!`))) {
        expect(message).not.toContain(secret);
        expect(message).not.toContain('\n');
      }
    }
  });
});

describe('what an event is', () => {
  test.each([[undefined], [null], [5], ['{}'], [[]], [[{}]], [true]])('%j is none', (input) => {
    expect(problemsOf(input)).toEqual([{ path: '', message: 'is no event; send a CloudEvents 1.0 JSON object' }]);
  });

  test('a type that nobody knows is answered with those that may be sent; Holdfast’s own is not offered', () => {
    for (const type of [
      'urine-screen',
      'org.holdfast.urine-screen.v2',
      'org.holdfast.constructor.v1',
      '__proto__',
      5,
      null,
    ]) {
      const [problem, ...more] = problemsOf({ ...example('urine-screen'), type });
      expect(more).toEqual([]);
      expect(problem?.path).toBe('type');
      expect(problem?.message).toMatch(/^is no event type of Holdfast; use one of org\.holdfast\.screened\.v1, /);
      expect(problem?.message).not.toContain('day-turned');
      expect(problem?.message).not.toContain('cut-marked');
    }
  });

  test('all that is wrong is said at once', () => {
    const event = changed(changed(example('urine-screen'), ['data', 'results', 'alcohol'], 'no'), ['subject'], '');
    expect(
      problemsOf({ ...(event as object), colour: 'red' })
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['colour', 'data.results.alcohol', 'subject']);
  });
});

describe('messages', () => {
  const message = (type: string, path: Path, to: unknown) => {
    const event = changed(example(type), path, to);
    return problemsOf(event).map((problem) => `${problem.path} ${problem.message}`);
  };

  test.each([
    ['urine-screen', ['data'], undefined, 'data is missing; give an object'],
    ['urine-screen', ['data', 'results'], [], 'data.results must be an object'],
    [
      'urine-screen',
      ['data', 'results', 'alcohol'],
      'pos',
      'data.results.alcohol must be one of "positive", "negative", "invalid", "not-done", "refused"',
    ],
    [
      'urine-screen',
      ['data', 'results', 'EtG'],
      'positive',
      'data.results.EtG has an unusable name: not a valid substance id (lower case letters, digits, -); write it like cocaine',
    ],
    [
      'urine-screen',
      ['data', 'dob'],
      '1990-01-01',
      'data.dob is no field of this; remove it or correct its name (an unknown field is refused, lest an observation be lost)',
    ],
    ['visit-attended', ['specversion'], '0.3', 'specversion must be "1.0"'],
    ['visit-attended', ['source'], '/sites/GB-01', 'source names no trial; write it like /trials/CTN-0027/sites/GB-01'],
    [
      'visit-attended',
      ['time'],
      '2026-03-02',
      'time not an RFC 3339 time with the site’s own offset; write it like 2026-03-02T10:15:00+00:00',
    ],
    [
      'visit-attended',
      ['time'],
      '2026-02-29T10:15:00Z',
      'time not an RFC 3339 time with the site’s own offset; write it like 2026-03-02T10:15:00+00:00',
    ],
    [
      'visit-attended',
      ['subject'],
      'Jane Doe',
      'subject not a valid participant id (1 to 64 letters, digits, . _ : -); write it like GB-01-0042',
    ],
    [
      'participant-randomised',
      ['data', 'date'],
      '2026-02-30',
      'data.date not a calendar date; write it like 2026-03-02',
    ],
    ['participant-rerandomised', ['data', 'which'], 2.5, 'data.which must be a whole number'],
    ['participant-rerandomised', ['data', 'which'], 1, 'data.which is too small; at least 2'],
    [
      'participant-enrolled',
      ['data', 'baseline', 'age'],
      null,
      'data.baseline.age must be a text of at most 120 characters, a number, true or false',
    ],
    [
      'participant-enrolled',
      ['data', 'baseline', 'Age'],
      44,
      'data.baseline.Age has an unusable name: not the name of a covariate; write it like ageAtConsent',
    ],
    [
      'use-calendar',
      ['data', 'days', '2026-03-14', 'alcohol', 'amount'],
      0,
      'data.days.2026-03-14.alcohol.amount is too small; above 0',
    ],
    ['participant-left', ['data', 'reason'], 'x'.repeat(201), 'data.reason is too long; at most 200'],
    [
      'scale-score',
      ['data', 'items', 'mood today'],
      1,
      'data.items.mood today has an unusable name: not the name of an item; write it like item-3',
    ],
    [
      'correction',
      ['data', 'event', 'type'],
      'org.holdfast.correction.v1',
      'data.event.type not a type that can replace an event; corrections and retractions cannot be nested',
    ],
    ['dose-given', ['data', 'given'], {}, 'data.given says no amount; give mg, mgPerKg or units'],
    ['controlled-environment', ['data', 'to'], '2026-01-01', 'data.to lies before `from`; swap the two'],
    [
      'screened',
      ['data', 'eligible'],
      true,
      'data.reasons are given though `eligible` is true; remove them or correct `eligible`',
    ],
    [
      'screened',
      ['data', 'reasons'],
      undefined,
      'data.reasons are missing though `eligible` is false; give at least one',
    ],
    [
      'period-started',
      ['data', 'period'],
      'a b',
      'data.period not a valid period id (1 to 64 letters, digits, . _ -); write it like P1',
    ],
    ['choice-task', ['data', 'chosen'], 6, 'data.chosen is more than `offered`; correct one of the two'],
    ['choice-task', ['data', 'dose', 'amount'], 0, 'data.dose.amount is too small; above 0'],
    ['dose-given', ['data', 'end'], '2026-03-04T12:59:59+00:00', 'data.end lies before `start`; swap the two'],
    [
      'dose-given',
      ['data', 'given', 'mg'],
      64,
      'data.stoppedEarly is true though all that was planned was given; correct one of the two',
    ],
    [
      'vital-signs',
      ['data', 'bloodPressure', 'systolic'],
      80,
      'data.bloodPressure.diastolic is above `systolic`; swap the two',
    ],
    [
      'vital-signs',
      ['data', 'bloodPressure', 'diastolic'],
      undefined,
      'data.bloodPressure.diastolic is missing; give a number',
    ],
    ['vital-signs', ['data', 'sedation'], 6, 'data.sedation is too large; at most 5'],
    ['lab-result', ['data', 'normal', 'high'], 1, 'data.normal.high is below `low`; swap the two'],
    ['lab-result', ['data', 'normal'], {}, 'data.normal has no limit; give low or high'],
    ['lab-result', ['data', 'value'], undefined, 'data.limit limits no value; give the value, or remove it'],
    ['concomitant-medication', ['data', 'to'], '2026-03-09', 'data.to lies before `from`; swap the two'],
    ['concomitant-medication', ['data', 'atc'], 'N7BB04', 'data.atc not an ATC code; write it like N07BB04'],
    ['adverse-event', ['data', 'end'], '2026-05-09', 'data.end lies before `onset`; swap the two'],
    [
      'adverse-event',
      ['data', 'outcome'],
      'not-recovered',
      'data.end is given though `outcome` says that it goes on; correct one of the two',
    ],
    [
      'adverse-event',
      ['data', 'outcome'],
      'fatal',
      'data.seriousness and `outcome` disagree on whether it was fatal; correct one of the two',
    ],
    [
      'adverse-event',
      ['data', 'seriousness'],
      ['hospitalisation', 'hospitalisation'],
      'data.seriousness names a criterion twice; remove the repetition',
    ],
    [
      'adverse-event',
      ['data', 'awareness', 'sponsor'],
      '2026-05-11',
      'data.awareness.sponsor lies before `site`; correct one of the two',
    ],
    [
      'adverse-event',
      ['data', 'awareness', 'site'],
      '2026-05-09',
      'data.awareness.site lies before `onset`; correct one of the two',
    ],
    [
      'allocation-guess',
      ['data', 'arm'],
      'Ketamine + therapy',
      'data.factor is given besides `arm`; give one of the two, in two events if both were asked',
    ],
    ['allocation-guess', ['data', 'level'], undefined, 'data.level is missing for a factor; give its guessed level'],
    ['allocation-guess', ['data', 'sure'], 101, 'data.sure is too large; at most 100'],
    ['scale-score', ['data', 'instrument'], 'C-SSRS', 'data.total is of an instrument without a total; give items'],
  ])('%s with %j = %j', (type, path, to, expected) => {
    expect(message(type, path, to)).toEqual([expected]);
  });

  test('a score without total and items is none', () => {
    const event = changed(changed(example('scale-score'), ['data', 'total'], undefined), ['data', 'items'], undefined);
    expect(problemsOf(event)).toMatchObject([{ path: 'data', message: 'has no score; give total or items' }]);
  });

  test('an adverse event needs a severity or a grade, a measurement something measured, a result a unit', () => {
    const without = (type: string, ...fields: string[]) =>
      problemsOf(
        fields.reduce<unknown>((event, field) => changed(event, ['data', field], undefined), example(type)),
      ).map(({ path, message }) => `${path} ${message}`);
    expect(without('adverse-event', 'severity')).toEqual([]);
    expect(without('adverse-event', 'grade')).toEqual([]);
    expect(without('adverse-event', 'severity', 'grade')).toEqual(['data.severity is missing; give severity or grade']);
    expect(without('vital-signs', 'bloodPressure', 'heartRate', 'spo2')).toEqual([]);
    expect(without('vital-signs', 'bloodPressure', 'heartRate', 'spo2', 'sedation')).toEqual([
      'data measures nothing; give bloodPressure, heartRate, spo2 or sedation',
    ]);
    expect(without('lab-result', 'unit', 'normal')).toEqual([
      'data.unit is missing for a value; give its unit (`1` for a ratio)',
    ]);
    expect(without('lab-result', 'value', 'unit', 'limit', 'normal')).toEqual([]);
    expect(without('lab-result', 'value', 'limit', 'finding')).toEqual(['data has no result; give value or finding']);
    expect(without('allocation-guess', 'factor', 'level', 'sure')).toEqual([]);
    expect(without('allocation-guess', 'factor', 'level')).toEqual([
      'data.sure is given without a guess; give arm or factor, or remove it',
    ]);
  });

  test('a calendar that ends before it begins, after its interview, or lists days outside, says which', () => {
    expect(message('use-calendar', ['data', 'from'], '2026-03-30')).toEqual([
      'data.to lies before `from`; swap the two',
      'data.days.2026-03-14 lies outside `from` … `to`; widen the calendar or drop the day',
      'data.days.2026-03-15 lies outside `from` … `to`; widen the calendar or drop the day',
    ]);
    expect(message('use-calendar', ['data', 'interview'], '2026-03-28')).toEqual([
      'data.to lies after `interview`, and nobody recalls the future; correct one of the two',
    ]);
    expect(message('use-calendar', ['data', 'to'], '2026-03-14')).toEqual([
      'data.days.2026-03-15 lies outside `from` … `to`; widen the calendar or drop the day',
    ]);
  });
});

describe('parseEvent', () => {
  /** Hostile events: an example with something else, or something more, at any place. */
  const damaged = fc.constantFrom(...types).chain((type) => {
    const places = placesIn(type).map(({ path }) => path);
    const step = fc.oneof(
      fc.string(),
      fc.constantFrom('__proto__', 'constructor', 'toString', 'type', 'data'),
      fc.nat(3),
    );
    return fc
      .tuple(fc.constantFrom(...places), fc.array(step, { maxLength: 1 }), fc.oneof(fc.jsonValue(), fc.anything()))
      .filter(([path, more]) => path.length + more.length > 0)
      .map(([path, more, to]) => {
        const parent =
          more.length === 0 || placesIn(type).some((p) => pathText(p.path) === pathText(path) && isObject(p.value));
        return changed(example(type), parent ? [...path, ...more] : path, to);
      });
  });

  test('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true }), damaged),
        (input) => {
          expect(parseEvent(input).ok).toBeTypeOf('boolean');
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('never throws on any JSON, and refuses all that is no object', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        const parsed = parseEvent(value);
        expect(parsed.ok).toBe(false);
      }),
    );
  });

  test('lets nothing through that it does not know: what it accepts it gives back whole', () => {
    fc.assert(
      fc.property(damaged, (input) => {
        const parsed = parseEvent(input);
        if (parsed.ok) expect(canonicalJson(parsed.value)).toBe(canonicalJson(input as object));
      }),
      { numRuns: 1_000 },
    );
  });

  test('answers in time to an event nested a hundred thousand deep', () => {
    let deep: unknown = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { data: deep };
    for (const path of [['data'], ['data', 'results'], ['data', 'results', 'alcohol'], ['x'], ['type']]) {
      expect(problemsOf(changed(example('urine-screen'), path, deep)).length).toBeGreaterThan(0);
    }
  });

  test('changes no prototype', () => {
    const input: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"type":"org.holdfast.visit-attended.v1"}',
    );
    parseEvent(input);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('a substance may be called what JavaScript calls something else, and is a field like any other', () => {
    const event = changed(example('urine-screen'), ['data', 'results'], {
      constructor: 'positive',
      'to-string': 'negative',
    });
    expect(parseEvent(event)).toMatchObject({ ok: true, value: { data: { results: { constructor: 'positive' } } } });
  });
});

describe('names', () => {
  test.each(types)('%s: short and full type name each other', (type) => {
    expect(fullType(shortType(`org.holdfast.${type}.v1`))).toBe(`org.holdfast.${type}.v1`);
  });

  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,10}$/);

  test('the trial is the first name after /trials/ in the source, whatever follows', () => {
    fc.assert(
      fc.property(name, fc.array(name, { maxLength: 4 }), (trial, more) => {
        expect(trialOf(['/trials', trial, ...more].join('/'))).toBe(trial);
      }),
    );
  });

  test('the site is what follows /sites/ in the source, also if the trial is called so; else there is none', () => {
    fc.assert(
      fc.property(fc.oneof(name, fc.constantFrom('sites', 'trials')), name, (trial, site) => {
        expect(siteOf(`/trials/${trial}/sites/${site}`)).toBe(site);
        expect(siteOf(`/trials/${trial}/sites/${site}/ward`)).toBe(site);
        expect(siteOf(`/trials/${trial}`)).toBeUndefined();
        expect(siteOf(`/trials/${trial}/randomisation`)).toBeUndefined();
      }),
    );
  });
});
