/** Does some work for each of these, so many at once; what fails first is thrown when all that was begun has ended. */
export async function inParallel<T>(atOnce: number, all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> {
  const rest = all[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const run = async () => {
    for (let next = rest.next(); !next.done && failure === undefined; next = rest.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  if (failure !== undefined) throw failure.error;
}
