/**
 * Does some work on each item with as many workers at once as there are, and gives the results in the order of the items. If work fails,
 * no more is begun, all that is under way is awaited, and the error of the first item that failed is thrown: so that the same input
 * always fails in the same way, and nobody works on behind the back of the one who cleans up.
 */
export async function shareOut<Item, Worker, Result>(
  items: readonly Item[],
  workers: readonly Worker[],
  work: (item: Item, worker: Worker, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const errors = new Map<number, unknown>();
  const left = items.entries();
  await Promise.all(
    workers.map(async (worker) => {
      for (const [index, item] of left) {
        try {
          results[index] = await work(item, worker, index);
        } catch (error) {
          errors.set(index, error);
        }
        if (errors.size > 0) return;
      }
    }),
  );
  const [first] = [...errors.keys()].sort((a, b) => a - b);
  if (first !== undefined) throw errors.get(first);
  return results;
}
