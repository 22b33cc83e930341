import { expect, test } from 'vitest';
import { succeed } from './acceptance/holdfast.ts';
import { all } from './faults/all.ts';
import { crashAt, serve, start, trial } from './faults/served-trial.ts';
import { type Fault, survive } from './faults/survived.ts';

/** At which passing of each point the process is killed; with all faults at each of these, else at one. */
const passings = [1, 2, 4];

/** The points, with the passings at which to kill there. */
function kills(moments: readonly string[]): readonly string[] {
  const points = moments.flatMap((moment) => [`before-${moment}`, `after-${moment}`]);
  return all
    ? passings.flatMap((passing) => points.map((point) => `${point}:${passing}`))
    : points.map((point, i) => `${point}:${passings[i % passings.length]}`);
}

const killedAt =
  (point: string): Fault =>
  (data) => {
    const serving = serve(data, crashAt(point));
    // A point that nobody passes any more is a failure, and not a wait without end.
    const timer = setTimeout(() => serving.kill('SIGTERM'), 60_000);
    const ended = serving.ended.then((how) => {
      clearTimeout(timer);
      expect(how, `${point}: ${serving.logged()}`).toBe('SIGKILL');
    });
    return { serving, ended };
  };

/** Whoever makes a cut archives: it is killed there, beside `serve`, and the cut is made in the end. */
async function cutsKilled(data: string): Promise<void> {
  const create = ['cut', 'create', '--trial', trial, '--name', 'one', '--data', data];
  for (const point of kills(['archive'])) {
    const cutting = start(create, crashAt(point.replace(':4', ':3')));
    expect(await cutting.ended, `${point}: ${cutting.logged()}`).toBe('SIGKILL');
  }
  expect((await succeed(['cut', 'list', '--trial', trial, '--format', 'csv', '--data', data])).stdout).not.toContain(
    'one',
  );
  await succeed(create);
  const rates = ['rates', '--trial', trial, '--by', 'arm', '--format', 'csv', '--data', data];
  expect((await succeed([...rates, '--cut', 'one'])).stdout).toContain(`${trial},abstinence`);
}

test(
  'killed at every named point, again and again: nothing acknowledged is lost, nothing counts twice',
  async () => {
    const points = kills(['append', 'sync', 'acknowledgement', 'commit', 'publication', 'claim']);
    await survive({ faults: points.map(killedAt), inTheEnd: cutsKilled });
    console.log(`crash points: ${points.length + kills(['archive']).length} kills, all survived`);
  },
  all ? undefined : 600_000,
);
