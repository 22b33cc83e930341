// The command line in a process that stays, and answers one command after the other with what a process of its own would have
// printed. Started by `holdfast.ts`, which sends the arguments over the channel between the two.
const main = new URL('../../services/holdfast/dist/main.js', import.meta.url);

let asked = 0;
process.on('message', async (args) => {
  asked += 1;
  process.argv = [process.argv[0], 'holdfast', ...args];
  process.exitCode = undefined;
  const printed = { stdout: [], stderr: [] };
  const undo = ['stdout', 'stderr'].map((name) => {
    const { write } = process[name];
    process[name].write = (chunk, encoding, done = encoding) => {
      printed[name].push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      if (typeof done === 'function') process.nextTick(done);
      return true;
    };
    return () => {
      process[name].write = write;
    };
  });
  // Under another name each time, so that it is run each time; all that it imports is loaded already.
  await import(`${main}?${asked}`);
  // What threads have printed comes a little later.
  await new Promise((resolve) => setImmediate(resolve));
  for (const back of undo) back();
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  process.send({ code: process.exitCode ?? 0, stdout: printed.stdout.join(''), stderr: printed.stderr.join('') });
});
process.on('disconnect', () => process.exit());
