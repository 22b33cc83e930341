import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from './settings.ts';
import { generatedBelow, settingsTable } from './settings-page.ts';

describe('settings', () => {
  test('have defaults, and an empty variable counts as not set', () => {
    expect(readSettings({ HOLDFAST_PORT: '', HOME: '/home/somebody' })).toMatchObject({
      key: undefined,
      host: '127.0.0.1',
      port: 8080,
      batchRecords: 10000,
      logLevel: 'info',
    });
  });

  test('come from the environment', () => {
    const given = { HOLDFAST_PORT: '0', HOLDFAST_LOG_LEVEL: 'debug', HOLDFAST_EVENTS_PER_REQUEST: '5' };
    expect(readSettings(given)).toMatchObject({ port: 0, logLevel: 'debug', limits: { eventsPerRequest: 5 } });
  });

  test.each([
    ['HOLDFAST_PORT', '80a'],
    ['HOLDFAST_PORT', '65536'],
    ['HOLDFAST_PORT', '-1'],
    ['HOLDFAST_BATCH_RECORDS', '0'],
    ['HOLDFAST_BATCH_RECORDS', '1e3'],
    ['HOLDFAST_LOG_LEVEL', 'loud'],
  ])('%s = %j is refused by name', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(`${name} is not usable: `);
  });

  test.each([
    ['HOLDFAST_PROT', 'did you mean HOLDFAST_PORT?'],
    ['HOLDFAST_DATA_DIR', 'did you mean HOLDFAST_DATA?'],
    ['HOLDFAST_LOGLEVEL', 'did you mean HOLDFAST_LOG_LEVEL?'],
    ['HOLDFAST_COLOUR_OF_THE_SKY', 'docs/settings.md lists all settings'],
  ])('%s, which is none, is refused with a hint', (name, hint) => {
    expect(() => readSettings({ [name]: 'x' })).toThrow(`${name} is no setting of Holdfast; ${hint}`);
  });

  test('what only tests and senders know stops nobody', () => {
    const names = ['SHARED', 'REQUIRE_SHARED', 'URL', 'TOKEN'];
    const given = Object.fromEntries(names.map((name) => [`HOLDFAST_${name}`, 'x']));
    expect(readSettings(given)).toEqual(readSettings({}));
  });

  test('their page is as they are', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/settings.md'), 'utf8');
    expect(page.split(generatedBelow)[1]?.trim()).toBe(settingsTable().trim());
  });
});
