import { expect, test } from 'vitest';
import { pause, serve } from './faults/served-trial.ts';
import { mayMount, smallDisk } from './faults/small-disk.ts';
import { type Fault, survive } from './faults/survived.ts';

const refusal = /there is no room for more events/;

/** How often something was logged. */
const times = (logged: string, what: RegExp) => logged.match(new RegExp(what, 'g'))?.length ?? 0;

test.skipIf(!mayMount)(
  'a full disk: senders are told to come again, nothing acknowledged is lost, and it goes on when there is room',
  async () => {
    const disk = await smallDisk(24);
    const serveThere = (data: string) => serve(data.replace(disk.path, disk.inside), { by: disk.on });
    const full: Fault = (data) => {
      const serving = serveThere(data);
      const work = async () => {
        while (!serving.logged().includes('batch folded')) await pause(10);
        disk.fill();
        while (times(serving.logged(), refusal) < 10) await pause(10);
        expect((await fetch(`${serving.url()}/healthz`)).status).toBe(200);
        disk.makeRoom();
        while (!(await fetch(`${serving.url()}/readyz`)).ok) await pause(10);
        const before = times(serving.logged(), /events taken in/);
        while (times(serving.logged(), /events taken in/) < before + 10) await pause(10);
        serving.kill('SIGTERM');
        expect(await serving.ended, serving.logged()).toBe(0);
      };
      return { serving, ended: work() };
    };
    try {
      await survive({ faults: [full], there: disk.path, restart: serveThere });
    } finally {
      await disk.remove();
    }
  },
  300_000,
);
