import { expect, test } from 'vitest';
import { readData, withoutPart } from './event-data.ts';

test('fields come in the order of their names, and without those that are NULL', () => {
  expect(JSON.stringify(readData('{"b":{"d":null,"c":[{"z":1,"y":null}]},"a":0}'))).toBe('{"a":0,"b":{"c":[{"z":1}]}}');
});

test('data are shared, so nobody can change them', () => {
  const data = readData('{"results":{"opioid":"positive"}}') as { results: Record<string, string> };
  expect(() => {
    data.results.opioid = 'negative';
  }).toThrow(TypeError);
});

test('a part is taken out of a copy', () => {
  const data = readData('{"days":{"2000-01-01":{"opioid":{},"thc":{}}}}');
  expect(withoutPart(data, 'days.2000-01-01.thc')).toEqual({ days: { '2000-01-01': { opioid: {} } } });
  expect(withoutPart(data, 'days.2000-01-02.thc')).toEqual(data);
  expect(withoutPart(data, 'days.2000-01-01')).toEqual({ days: {} });
});
