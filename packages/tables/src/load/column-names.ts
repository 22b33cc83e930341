/**
 * The names under which SQL sees the columns of a header. `line` is taken: it is the row's line in its file. A column of that name, a
 * nameless one (R writes row names so) and a repeated one get a number, so that no table is refused for its header.
 */
export function columnNames(header: readonly string[]): string[] {
  const taken = new Set(['line']);
  return header.map((name, index) => {
    const wanted = name === '' ? `column_${index + 1}` : name;
    let free = wanted;
    for (let n = 1; taken.has(free.toLowerCase()); n++) free = `${wanted}_${n}`;
    taken.add(free.toLowerCase());
    return free;
  });
}
