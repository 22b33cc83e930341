import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CommandFailed } from '../command-failed.ts';
import { endingWithUs } from './process-use.ts';

/** As `npm run cluster` starts it. */
const launcher = fileURLToPath(new URL('../../../../infra/native/cluster.mjs', import.meta.url));

/** Kafka and S3 of a measurement's own, on this machine. */
export type NativeCluster = { readonly settings: Readonly<Record<string, string>>; stop(): Promise<void> };

export async function startNativeCluster(): Promise<NativeCluster> {
  const child = endingWithUs(spawn(process.execPath, [launcher], { stdio: ['ignore', 'pipe', 'pipe'] }));
  let [said, complained] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained += text;
      if (complained.includes('ready in')) resolve();
    });
    child.once('exit', (code) => {
      reject(new CommandFailed(`the servers of a cluster did not start here (exit code ${code}):\n${complained}`));
    });
  });
  const settings = Object.fromEntries(
    [...said.matchAll(/^(HOLDFAST_(?:KAFKA|S3))=(.+)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  return {
    settings,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
