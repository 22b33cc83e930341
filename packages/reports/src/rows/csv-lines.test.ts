import { expect, test } from 'vitest';
import { csvLines } from './csv-lines.ts';

test('a formula that somebody wrote is text in a spreadsheet, and numbers stay what they are', () => {
  const rows = [
    ['=HYPERLINK("http://x")', '@SUM(A1)', '+cmd|x', '-2+A1', '\t=1'],
    [-0.5, '-0.5', '++-o*_', 'a=b', undefined],
  ];
  expect(csvLines(rows)).toBe(`"'=HYPERLINK(""http://x"")",'@SUM(A1),'+cmd|x,'-2+A1,'\t=1\n-0.5,-0.5,++-o*_,a=b,\n`);
});
