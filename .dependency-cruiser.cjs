/**
 * Who may import whom (ARCHITECTURE.md draws it). A package is named in `mayImport` with everything of ours that it may import;
 * what only one place may import is in `onlyIn`.
 */
const mayImport = {
  events: [],
  outcomes: ['events'],
  statistics: [],
  tallies: ['statistics'],
  shards: ['events', 'outcomes', 'processes', 'tallies'],
  tables: ['events', 'processes'],
  access: ['events'],
  processes: [],
  log: ['processes'],
  objects: [],
  jobs: ['processes'],
  trials: ['events', 'access', 'log', 'objects', 'tallies'],
  figures: [],
  reports: ['events', 'outcomes', 'statistics', 'tallies', 'figures'],
  simulate: ['events'],
  runtime: [],
};

const serviceMayImport = {
  ingest: { packages: ['events', 'access', 'log', 'trials', 'tables'], services: [] },
  aggregate: {
    packages: ['events', 'access', 'log', 'objects', 'trials', 'outcomes', 'tallies', 'shards'],
    services: [],
  },
  report: {
    packages: [
      ...[
        'events',
        'access',
        'log',
        'objects',
        'jobs',
        'trials',
        'outcomes',
        'tallies',
        'shards',
        'reports',
        'runtime',
      ],
    ],
    services: ['ingest', 'aggregate'],
  },
  holdfast: { packages: Object.keys(mayImport), services: ['ingest', 'aggregate', 'report'] },
};

const onlyIn = {
  lmdb: '^packages/log/src/embedded/',
  kafkajs: '^packages/log/src/kafka/',
  '@aws-sdk': '^packages/objects/src/s3/',
  bullmq: '^packages/jobs/src/bullmq/',
  ioredis: '^packages/jobs/src/bullmq/',
  croner: '^packages/jobs/src/',
  '@duckdb': '^packages/(shards|tables)/src/',
  '@hpke': '^packages/access/src/',
  '@observablehq': '^packages/figures/src/',
  '@myriaddreamin': '^packages/reports/src/render/',
  nodemailer: '^services/report/src/delivery/',
  commander: '^services/holdfast/src/',
};

const pure = ['outcomes', 'statistics', 'tallies', 'figures'];

const others = (own, allowed) => Object.keys(mayImport).filter((name) => name !== own && !allowed.includes(name));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '^services/holdfast/bin/|(index|main|thread|write-schemas)\\.ts$' },
      to: {},
    },
    {
      name: 'packages-never-import-services',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^services/' },
    },
    ...Object.entries(mayImport).map(([name, allowed]) => ({
      name: `${name}-imports-only-${allowed.join('-') || 'nothing-of-ours'}`,
      severity: 'error',
      from: { path: `^packages/${name}/` },
      to: { path: `^packages/(${others(name, allowed).join('|')})/` },
    })),
    ...Object.entries(serviceMayImport).map(([name, { packages, services }]) => ({
      name: `service-${name}`,
      severity: 'error',
      from: { path: `^services/${name}/` },
      to: {
        path: `^(packages/(${[...others('', packages), '-'].join('|')})|services/(${[...Object.keys(serviceMayImport).filter((s) => s !== name && !services.includes(s)), '-'].join('|')}))/`,
      },
    })),
    ...Object.entries(onlyIn).map(([library, place]) => ({
      name: `${library}-in-one-place`,
      severity: 'error',
      from: { path: '^(packages|services)/', pathNot: place },
      to: { path: `node_modules/${library}(/|$)` },
    })),
    {
      name: 'pure-packages-do-no-io',
      severity: 'error',
      from: { path: `^packages/(${pure.join('|')})/src/` },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/|\\.test\\.ts$|\\.contract\\.ts$|(^|/)fixtures?/|\\.mjs$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.tests.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['holdfast-source', 'import', 'node', 'default'],
    },
  },
};
