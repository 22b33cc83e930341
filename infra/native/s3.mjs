// An S3 server that keeps its objects in a folder: versitygw, built once by the Go toolchain.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached, demand, run } from './cache.mjs';
import { freePorts, newDataFolder, startServer } from './server.mjs';

export const versitygwVersion = 'v1.8.0';

async function program() {
  const folder = await cached(`versitygw-${versitygwVersion}`, async (made) => {
    demand('go', 'building the S3 server', 'install Go');
    await run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${versitygwVersion}`], {
      env: { ...process.env, GOBIN: made },
    });
  });
  return join(folder, 'versitygw');
}

/** Starts the server with one empty bucket, of which all objects lie below `data`; it keeps accounts, if there are any but its own. `url` has all that a client needs: `http://KEY:SECRET@HOST:PORT/BUCKET`. */
export async function startS3() {
  const command = await program();
  const [port] = await freePorts(1);
  const folder = newDataFolder('s3');
  const [data, accounts] = [join(folder, 'objects'), join(folder, 'accounts')];
  const bucket = 'holdfast';
  const [key, secret] = [randomBytes(10).toString('hex'), randomBytes(20).toString('hex')];
  mkdirSync(join(data, bucket), { recursive: true }); // with this server a bucket is a folder
  mkdirSync(accounts);
  const server = await startServer({
    name: 'the S3 server',
    command,
    args: ['--port', `127.0.0.1:${port}`, '--iam-dir', accounts, 'posix', data],
    env: { ROOT_ACCESS_KEY: key, ROOT_SECRET_KEY: secret },
    data: folder,
    // It refuses whoever has no key, and that is an answer.
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/${bucket}`)).status === 403,
  });
  return {
    url: `http://${key}:${secret}@127.0.0.1:${port}/${bucket}`,
    data,
    stop: server.stop,
  };
}
