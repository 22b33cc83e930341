import { defineConfig } from 'vitest/config';
import usual from '../../vitest.config.ts';

/** `npm run test:faults`: every fault as often as it has to be survived, which takes longer than `npm test` may. */
export default defineConfig({
  ...usual,
  test: {
    ...usual.test,
    include: [
      'test/{crash-points,kills,full-disk,failing-sync,cluster-faults,erase,report-faults}.test.ts',
      'packages/log/src/kafka/broker-deaths.test.ts',
      'packages/jobs/src/slots-survive.test.ts',
    ],
    env: { FAULTS: 'all' },
    testTimeout: 1_800_000,
  },
});
