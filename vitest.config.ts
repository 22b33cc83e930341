import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Those of Node itself and ours: what is meant for bundlers (`module`) is not always what Node can load.
const conditions = ['holdfast-source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: [fileURLToPath(new URL('test/without-settings.ts', import.meta.url))],
    // Native modules (lmdb, duckdb) keep global state: a process per test file, never a thread.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
