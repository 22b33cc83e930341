export type TerminalCurve = {
  readonly name: string;
  /** One character, which draws it. */
  readonly mark: string;
  /** Shares of 0 to 1 by study day, in order of days. */
  readonly points: readonly { readonly day: number; readonly share: number }[];
};

const labelWidth = 7;

/** The value of a curve on a day, on straight lines between its points; undefined outside of them. */
function shareOn({ points }: TerminalCurve, day: number): number | undefined {
  const after = points.findIndex((point) => point.day >= day);
  const [right, left] = [points[after], points[after - 1]];
  if (right === undefined) return undefined;
  if (right.day === day || left === undefined) return right.day === day ? right.share : undefined;
  return left.share + ((right.share - left.share) * (day - left.day)) / (right.day - left.day);
}

/** Draws shares over study days as text: five points a line, days along the foot, and a legend. Where curves meet the later one is drawn. */
export function terminalCurves(curves: readonly TerminalCurve[], width = 72): string {
  const days = curves.flatMap(({ points }) => points.map(({ day }) => day));
  const [first, last] = [Math.min(...days), Math.max(...days)];
  const dayAt = (column: number) => Math.round(first + ((last - first) * column) / (width - 1));
  const rows = 21;
  const canvas = Array.from({ length: rows }, () => Array.from({ length: width }, () => ' '));
  for (const curve of curves) {
    for (let column = 0; column < width; column += 1) {
      const share = shareOn(curve, dayAt(column));
      const row = share === undefined ? undefined : canvas[Math.round((1 - share) * (rows - 1))];
      if (row !== undefined) row[column] = curve.mark;
    }
  }
  const drawn = canvas.map((row, i) => ({ row: row.join('').trimEnd(), percent: 100 - i * 5 }));
  // Nobody needs the empty lines above and below all curves.
  const used = drawn.flatMap(({ row }, i) => (row === '' ? [] : [i]));
  const shown = drawn.slice(Math.max(0, Math.min(...used) - 1), Math.min(rows, Math.max(...used) + 2));
  const lines = shown.map(({ row, percent }) => `${`${percent} %`.padStart(labelWidth)} ┤${row}`.trimEnd());
  const ticks = 5;
  const axis = Array.from({ length: width }, (_, column) =>
    column % Math.floor((width - 1) / ticks) === 0 ? '┴' : '─',
  ).join('');
  const labels = Array.from({ length: ticks + 1 }, (_, tick) => {
    const column = tick * Math.floor((width - 1) / ticks);
    return { column, label: `${dayAt(column)}` };
  }).reduce((line, { column, label }) => `${line.padEnd(labelWidth + 2 + column)}${label}`, '');
  const legend = curves.map(({ name, mark }) => `${mark} ${name}`).join('   ');
  return [
    ...lines,
    `${' '.repeat(labelWidth)} └${axis}`,
    `${labels}  study day`,
    `${' '.repeat(labelWidth + 2)}${legend}`,
  ].join('\n');
}
