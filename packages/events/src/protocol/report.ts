/** Takes what is wrong, and where. */
export type Report = (path: PropertyKey[], message: string) => void;

/** Reports each entry of a list that stood there before. */
export function reportRepeats(
  list: readonly string[],
  path: (index: number) => PropertyKey[],
  what: string,
  report: Report,
): void {
  list.forEach((id, index) => {
    if (list.indexOf(id) < index) report(path(index), `${what} "${id}" is declared twice; keep one`);
  });
}
