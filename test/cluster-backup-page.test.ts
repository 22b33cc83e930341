import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openObjects } from '@holdfast/objects';
import { expect, test } from 'vitest';
import { root } from './acceptance/holdfast.ts';
import { ownS3ForTests } from './native-servers.ts';

const startS3 = ownS3ForTests('tar');

test.skipIf(!startS3)(
  'what lies in the S3 server of the compose file is there again when it is copied and put back as the page says',
  async () => {
    const page = await readFile(join(root, 'docs/run-a-cluster.md'), 'utf8');
    const [copy = '', putBack = ''] = [...page.matchAll(/debian:[\d.]+-slim (tar .*)$/gm)].map(
      ([, command]) => command,
    );
    const s3 = await startS3?.();
    if (s3 === undefined) return;
    const backup = join(dirname(s3.data), 'backup');
    /** Runs a command of the page, with folders of this machine for those of its containers. */
    const run = (command: string, from: string, to: string) =>
      execFileSync('sh', ['-c', command.replace(/\/(from|to)\b/g, (_, which) => (which === 'from' ? from : to))], {
        env: { ...process.env, volume: 'objects' },
      });
    try {
      const objects = await openObjects({ kind: 's3', url: s3.url, below: 'open' });
      const body = new TextEncoder().encode('what was put');
      await objects.put('archive/T/segment', body);
      await mkdir(backup);
      run(copy, s3.data, backup);
      await rm(join(s3.data, 'holdfast'), { recursive: true });
      run(putBack, backup, s3.data);
      expect(await objects.get('archive/T/segment')).toEqual(body);
    } finally {
      await s3.stop();
    }
  },
  60_000,
);
