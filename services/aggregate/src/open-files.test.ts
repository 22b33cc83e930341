import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenFiles } from './open-files.ts';

test('a file is had by one at a time, in order of asking, and other files are no hindrance', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 20 }),
      fc.scheduler(),
      async (wanted, turns) => {
        const files = new OpenFiles();
        const open = new Set<string>();
        const order: string[] = [];
        const all = wanted.map(async (file, n) => {
          const release = await files.take(file);
          expect(open.has(file)).toBe(false);
          open.add(file);
          order.push(`${file}${n}`);
          await turns.schedule(Promise.resolve());
          open.delete(file);
          release();
          release(); // once more changes nothing
        });
        await turns.waitFor(Promise.all(all));
        for (const file of 'abc')
          expect(order.filter((one) => one[0] === file)).toEqual(
            wanted.flatMap((one, n) => (one === file ? [`${file}${n}`] : [])),
          );
      },
    ),
  );
});
