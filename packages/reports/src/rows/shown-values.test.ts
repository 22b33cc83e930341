import { Protocol } from '@holdfast/events';
import { addUp, type CellTally, noTallies } from '@holdfast/tallies';
import { expect, test } from 'vitest';
import { shownValues } from './shown-values.ts';

const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'T-1',
  version: 1,
  title: 'A trial whose visits are not in the order of their names',
  blinding: 'open',
  clock: 'imported',
  plannedFollowUp: 90,
  arms: [{ id: 'A' }],
  sites: ['S'],
  substances: [{ id: 'alcohol' }],
  visits: [
    { id: 'M3', day: 90 },
    { id: 'W04', day: 28 },
    { id: 'D1', day: 1 },
  ],
  measures: [{ id: 'visits', kind: 'visits', horizon: 90 }],
});

const kept = (item: string): CellTally => ({
  ...{ measure: 'visits', kind: 'kept', item, of: 1, arm: 'A', days: [1, 1], window: 0, policy: '', axis: 'study' },
  ...{ site: 'S', group: '' },
});

test('visits stand in the order of the schedule, after what is over all of them', () => {
  const [measure] = protocol.measures;
  if (measure?.kind !== 'visits') throw new Error('the measure is not that of visits');
  const tallies = addUp(noTallies, ['W04', 'M3', '', 'D1', 'unlisted'].map(kept));
  expect(shownValues(tallies, protocol, measure, {}).map(({ item }) => item)).toEqual([
    '',
    'D1',
    'W04',
    'M3',
    'unlisted',
  ]);
});
