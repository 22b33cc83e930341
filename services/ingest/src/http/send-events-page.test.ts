import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { topicsOf } from '@holdfast/trials';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { protocol, type TestServer, testServer } from './fixtures/test-server.ts';

const run = promisify(execFile);
const page = readFileSync(join(import.meta.dirname, '../../../../docs/send-events.md'), 'utf8');
const example = (language: string) => {
  const [, code] = new RegExp(`\n\`\`\`${language}\n(.*?)\n\`\`\`\n`, 's').exec(page) ?? [];
  if (code === undefined) throw new Error(`docs/send-events.md has no example in ${language}`);
  return code;
};

let server: TestServer;
let url: string;
beforeEach(async () => {
  server = await testServer();
  url = await server.app.listen({ port: 0 });
});
afterEach(() => server.close());
/** What a program prints that is given the example, the server and the token. */
async function printed(program: string, code: string): Promise<string> {
  const script = `no_proxy='*' NO_PROXY='*' HOLDFAST_URL="$1" HOLDFAST_TOKEN="$2" exec ${program} -c "$3"`;
  return (await run('sh', ['-c', script, 'sh', url, server.tokens.site, code])).stdout;
}
const ids = async () => (await server.recordsOf(topicsOf(protocol()).events.name)).map((text) => JSON.parse(text).id);

/** Whether a program is there: a machine without it cannot try the example. */
const has = await Promise.all(
  ['curl', 'python3'].map((program) =>
    run(program, ['--version'])
      .then(() => true)
      .catch(() => false),
  ),
);

describe('the examples of docs/send-events.md do what the page says:', () => {
  test.runIf(has[0])('curl', async () => {
    expect(await printed('sh', example('sh'))).toBe(example('json'));
    expect(await ids()).toEqual(['GB-01-0042-W04-urine']);
  });

  test.runIf(has[1])('Python', async () => {
    const [accepted, rejected, reason] = (await printed('python3', example('python'))).split('\n');
    expect([accepted, rejected]).toEqual(['GB-01-0042-W04-visit accepted', 'GB-01-0042-W99-visit rejected']);
    expect(reason).toMatch(/^ +data\.visit is no visit of the protocol/);
    expect(await ids()).toEqual(['GB-01-0042-W04-visit']);
  });
});
