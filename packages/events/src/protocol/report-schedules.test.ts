import { describe, expect, test } from 'vitest';
import { base, problemsWith } from './fixtures/double-blind.ts';
import { parseProtocol } from './protocol-file.ts';

const schedules = (...lines: readonly string[]) =>
  problemsWith(`reports:\n${lines.map((line) => `  - ${line}\n`).join('')}`);
const weekly = 'when: { cron: "0 7 * * 1" }';

describe('report schedules', () => {
  test('say which report, when, of which sites and to whom', () => {
    expect(
      schedules(
        `{ id: status, report: status, ${weekly}, deliverTo: [coordinators, board-secretary] }`,
        '{ id: board, report: dsmb-closed, when: { cron: "*/30 6-18/2 1,15 1-6 *", timeZone: Europe/London } }',
        `{ id: rehearsal, report: dsmb-closed, dummy: true, ${weekly} }`,
        `{ id: all-sites, report: site, sites: all, ${weekly} }`,
        `{ id: one-site, report: site, sites: [GB-02], ${weekly} }`,
        '{ id: half, report: outcome, when: { mature: 0.5, measure: abstinence } }',
      ),
    ).toEqual([]);
  });

  test('leave protocols without them as they were, to the byte', () => {
    const parsed = parseProtocol(base);
    expect(parsed.ok && Object.keys(parsed.value).filter((key) => key === 'reports' || key === 'estimands')).toEqual(
      [],
    );
  });

  test.each([
    ['a cron of six fields', 'report: status, when: { cron: "0 0 7 * * 1" }', /when\.cron.*five fields/],
    [
      'an hour that there is not',
      'report: status, when: { cron: "0 24 * * *" }',
      /when\.cron.*hour that there is not \("24"\)/,
    ],
    ['names of days', 'report: status, when: { cron: "0 7 * * MON" }', /when\.cron.*day of week that can be read/],
    ['a step from one number', 'report: status, when: { cron: "5/10 7 * * *" }', /when\.cron.*minute that can be read/],
    ['a day that never comes', 'report: status, when: { cron: "0 7 30 2 *" }', /when\.cron.*never due/],
    ['a zone that there is not', 'report: status, when: { cron: "0 7 * * *", timeZone: Mars/Base }', /Mars\/Base|IANA/],
    ['neither time nor data', 'report: status, when: {}', /when.*must be cron/],
    [
      'a measure that there is not',
      'report: outcome, when: { mature: 0.5, measure: other }',
      /when\.measure.*"other" is no measure/,
    ],
    ['more than all', 'report: outcome, when: { mature: 1.5, measure: first }', /when/],
    ['sites of the whole trial', `report: status, sites: all, ${weekly}`, /sites.*of the whole trial/],
    ['no sites of a site report', `report: site, ${weekly}`, /sites.*is missing/],
    ['a site that there is not', `report: site, sites: [GB-03], ${weekly}`, /sites.*"GB-03" is no site/],
    ['a rehearsal of what shows no arms', `report: status, dummy: true, ${weekly}`, /dummy.*nothing to rehearse/],
    ['a recipient twice', `report: status, deliverTo: [a, a], ${weekly}`, /deliverTo.*declared twice/],
    ['an address', `report: status, deliverTo: [a@example.org], ${weekly}`, /deliverTo.*name of a recipient/],
  ])('are refused with %s', (_, text, named) => {
    expect(schedules(`{ id: one, ${text} }`)).toEqual([expect.stringMatching(named)]);
  });

  test('have names of their own', () => {
    expect(schedules(`{ id: one, report: status, ${weekly} }`, `{ id: one, report: dsmb-open, ${weekly} }`)).toEqual([
      expect.stringMatching(/reports\[1\]\.id.*declared twice/),
    ]);
  });

  test('by maturity need to know of how many', () => {
    const parsed = parseProtocol(
      `${base.replace('plannedParticipants: 120\n', '')}reports:\n  - { id: half, report: outcome, when: { mature: 0.5, measure: first } }\n`,
    );
    expect(parsed.ok ? [] : parsed.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/plannedParticipants/),
    ]);
  });
});
