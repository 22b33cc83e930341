import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ignores } from '../infra/docker/ignored.mjs';
import { readStages } from '../infra/docker/stages.mjs';
import { root } from './acceptance/holdfast.ts';
import { pause, start } from './faults/served-trial.ts';

type Service = {
  readonly image?: string;
  readonly build?: { readonly target: string };
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly restart?: string;
  readonly healthcheck?: unknown;
  readonly entrypoint?: unknown;
  readonly deploy?: { readonly resources?: { readonly limits?: unknown } };
};
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const composeText = text('docker-compose.yml');
const compose = parse(composeText, { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
const services = Object.entries(compose.services);
const stages = readStages(text('infra/docker/Dockerfile'));

describe('the compose file', () => {
  test('is valid by the schema of the Compose Specification', () => {
    const schema = JSON.parse(text('node_modules/dclint/schemas/compose.schema.json'));
    delete schema.$schema; // under another address than the one that is known
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    expect(validate(compose) ? [] : validate.errors).toEqual([]);
    expect(validate({ services: { a: { imagined: 1 } } })).toBe(false);
  });

  test('pins every image to a version, and builds every target that is a service', () => {
    const versioned = /^[a-z0-9./-]+:v?\d+\.\d+\.\d+[a-z0-9.-]*$/;
    expect(services.filter(([, { image = '' }]) => !versioned.test(image))).toEqual([]);
    for (const stage of stages.filter(({ from }) => from.includes(':'))) expect(stage.from).toMatch(versioned);
    const built = services.flatMap(([, { build }]) => build?.target ?? []).sort();
    const targets = stages.map(({ name }) => name).filter((name) => !['build', 'runtime'].includes(name));
    expect(built).toEqual(targets.sort());
  });

  test('publishes the door, the links of reports and Grafana, on the loopback address, and nothing else', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    expect(published.map((port) => port.replace(/\$\{\w+:-(\d+)\}/, '$1'))).toEqual([
      'ingest 127.0.0.1:8080:8080',
      'report 127.0.0.1:8081:8080',
      'grafana 127.0.0.1:3000:3000',
    ]);
    const onFront = services.filter(([, { networks = [] }]) => networks.includes('front')).map(([name]) => name);
    expect(onFront).toEqual(['ingest', 'report', 'grafana']);
  });

  test('gives every part a health check, a limit, and a restart; what ends by itself needs no health check', () => {
    const stage = (name: string) => stages.filter((one) => [name, 'runtime'].includes(one.name));
    for (const [name, { healthcheck, build, restart, deploy }] of services) {
      const isTask = ['kafka-access', 's3-access', 's3-bucket', 'cli'].includes(name);
      const ofImage = build && stage(build.target).some(({ steps }) => steps.some(({ is }) => is === 'HEALTHCHECK'));
      expect(isTask || healthcheck !== undefined || ofImage, name).toBe(true);
      expect(deploy?.resources?.limits, name).toBeDefined();
      expect(restart, name).toBeDefined();
    }
  });

  test('has no secret of its own: each is asked for, and made at random by make-env', async () => {
    for (const [name, { environment = {} }] of services)
      for (const [key, value] of Object.entries(environment))
        if (/PASSWORD|SECRET|KEY$|AUTH$/.test(key) && !/_(ENABLED|MECHANISM)/.test(key))
          expect(`${value}`, `${name} ${key}`).toMatch(/^\$\{\w+(:\?[^}]+)?\}$|^\/run\//);
    expect(composeText.match(/(password|user_\w+)="(?!\$\{)/g)).toBeNull();

    const folder = await mkdtemp(join(tmpdir(), 'hf-compose-'));
    const file = join(folder, '.env');
    const make = (...args: string[]) =>
      spawnSync(process.execPath, [join(root, 'infra/compose/make-env.mjs'), ...args, file], { encoding: 'utf8' });
    try {
      expect(make().stderr).toBe('');
      const made = await readFile(file, 'utf8');
      const given = Object.fromEntries(
        made
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      );
      // Every variable without a default is in it, and every one is explained where somebody looks for it.
      const asked = [...composeText.matchAll(/(?<!\$)\$\{(\w+)(:[-+])?/g)];
      const page = text('docs/run-a-cluster.md');
      for (const [, name = '', hasDefault] of asked) {
        if (hasDefault === undefined) expect(given[name], name).toBeTruthy();
        expect(page.includes(`\`${name}\``) || /^(KAFKA_PASSWORD|S3_SECRET)_/.test(name), `${name} in docs`).toBe(true);
      }
      const secrets = Object.entries(given).filter(([name]) => /PASSWORD|SECRET/.test(name));
      for (const [, secret] of secrets) expect(secret).toMatch(/^[\w-]{32}$/);
      expect(new Set(secrets.map(([, secret]) => secret)).size).toBe(secrets.length);
      expect(statSync(file).mode & 0o077).toBe(0);
      // A second time nothing is overwritten.
      expect(make('--brokers', '3').stderr).toContain('is there already');
      expect(await readFile(file, 'utf8')).toBe(made);
      await rm(file);
      expect(make('--brokers', '3').status).toBe(0);
      expect(await readFile(file, 'utf8')).toMatch(/^KAFKA_VOTERS=1@kafka:9093,2@kafka-2:9093,3@kafka-3:9093$/m);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('mounts what is there', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) =>
      volumes.filter((volume) => volume.startsWith('./infra')),
    );
    expect(mounted.length).toBeGreaterThan(3);
    for (const volume of mounted) expect(existsSync(join(root, volume.split(':')[0] ?? '')), volume).toBe(true);
  });
});

describe('the Dockerfile', () => {
  const steps = stages.find(({ name }) => name === 'runtime')?.steps ?? [];

  test('runs as a user that is not root, by commands without a shell, and says how to see that it lives', () => {
    expect(steps.find(({ is }) => is === 'USER')?.text).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
    expect(steps.map(({ is }) => is)).toEqual(
      expect.arrayContaining(['HEALTHCHECK', 'ENTRYPOINT', 'VOLUME', 'STOPSIGNAL']),
    );
    for (const { name, steps: own } of stages.filter(({ from }) => from === 'runtime'))
      expect(
        own.filter(({ is }) => is === 'CMD'),
        name,
      ).toHaveLength(1);
  });

  test('is sent what it copies, and nothing that this machine has made or keeps', () => {
    const isIgnored = ignores(text('.dockerignore'));
    const copied = stages.flatMap(({ steps: own }) =>
      own.filter(({ is, from }) => is === 'COPY' && from === undefined),
    );
    for (const path of copied.flatMap(({ sources = [] }) => sources).filter((source) => source !== '.'))
      expect([path, isIgnored(path)]).toEqual([path, false]);
    for (const path of [
      '.env',
      'holdfast-data/log/data.mdb',
      'holdfast-keys/T.key',
      'node_modules/x/index.js',
      'services/holdfast/node_modules/x.js',
      'services/holdfast/dist/main.js',
      'services/holdfast/src/a.test.ts',
      'services/holdfast/T.key',
      '.git/config',
    ])
      expect([path, isIgnored(path)]).toEqual([path, true]);
    expect(isIgnored('services/holdfast/src/main.ts')).toBe(false);
  });
});

describe('what is watched', () => {
  type Rule = {
    alert: string;
    expr: string;
    for?: string;
    labels: { severity: string };
    annotations: { summary: string };
  };
  type Panel = {
    id: number;
    title: string;
    description: string;
    type: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets: { expr: string; datasource: { uid: string } }[];
  };
  const { groups } = parse(text('infra/prometheus/rules.yml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap(({ rules: some }) => some);
  const folder = join(root, 'infra/grafana/boards');
  let boards: { uid: string; title: string; panels: Panel[] }[];
  let printed: ReadonlySet<string>;

  beforeAll(async () => {
    boards = await Promise.all(
      (await readdir(folder)).map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))),
    );
    const data = await mkdtemp(join(tmpdir(), 'hf-metrics-'));
    const serving = start(['serve', '--port', '0', '--data', join(data, 'store')]);
    while (serving.url() === undefined) await pause(20);
    const said = await (await fetch(`${serving.url()}/metrics`)).text();
    serving.kill('SIGTERM');
    await serving.ended;
    await rm(data, { recursive: true });
    const kinds = [...said.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
    printed = new Set(
      kinds.flatMap(([, name = '', kind]) =>
        kind === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
      ),
    );
  });

  /** Names of the metrics that a query asks for; an error if it is no query. */
  function asked(query: string): readonly string[] {
    const names: string[] = [];
    parser.parse(query.replaceAll('$__rate_interval', '1m')).iterate({
      enter({ type, from, to, node }) {
        if (type.isError) throw new Error(`no PromQL at ${from}: ${query}`);
        if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector')
          names.push(query.replaceAll('$__rate_interval', '1m').slice(from, to));
      },
    });
    if (names.length === 0) throw new Error(`asks for nothing: ${query}`);
    return names;
  }
  const ofOthers = ['up', 'ALERTS', 'node_filesystem_avail_bytes', 'node_filesystem_size_bytes'];
  const unknown = (query: string) => asked(query).filter((name) => !printed.has(name) && !ofOthers.includes(name));

  test('by rules that ask for what services print, each explained in the runbook', () => {
    const page = text('docs/run-a-cluster.md');
    expect(rules.length).toBeGreaterThan(10);
    for (const { alert, expr, labels, annotations } of rules) {
      expect([alert, unknown(expr)]).toEqual([alert, []]);
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary).not.toBe('');
      expect(page, alert).toMatch(new RegExp(`^\\*\\*${alert}\\*\\*`, 'm'));
    }
    const [, runbook = ''] = page.split('## Runbook');
    const told = [...runbook.matchAll(/^\*\*([A-Z]\w+)\*\*/gm)].map(([, name]) => name);
    expect(told.filter((name) => !rules.some(({ alert }) => alert === name))).toEqual([]);
  });

  test('on boards that ask for what services print, of the data source that is provisioned, with no panel upon another', () => {
    const { datasources } = parse(text('infra/grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: { uid: string }[];
    };
    expect(new Set(boards.map(({ uid }) => uid)).size).toBe(boards.length);
    for (const { title, panels } of boards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = new Set<string>();
      for (const panel of panels) {
        expect(['timeseries', 'stat']).toContain(panel.type);
        expect(panel.description, panel.title).not.toBe('');
        for (const { expr, datasource } of panel.targets) {
          expect([title, panel.title, unknown(expr)]).toEqual([title, panel.title, []]);
          expect(datasources.map(({ uid }) => uid)).toContain(datasource.uid);
        }
        const { x, y, w, h } = panel.gridPos;
        expect(x + w).toBeLessThanOrEqual(24);
        for (let i = x; i < x + w; i += 1)
          for (let j = y; j < y + h; j += 1) {
            expect(cells.has(`${i} ${j}`), panel.title).toBe(false);
            cells.add(`${i} ${j}`);
          }
      }
    }
  });

  test('at addresses that the compose file has', () => {
    const config = parse(text('infra/prometheus/prometheus.yml')) as {
      scrape_configs: { static_configs?: { targets: string[] }[]; dns_sd_configs?: { names: string[] }[] }[];
    };
    const hosts = config.scrape_configs.flatMap(({ static_configs = [], dns_sd_configs = [] }) => [
      ...static_configs.flatMap(({ targets }) => targets.map((target) => target.split(':')[0])),
      ...dns_sd_configs.flatMap(({ names }) => names),
    ]);
    expect(hosts.filter((host) => compose.services[host ?? ''] === undefined)).toEqual([]);
  });
});
