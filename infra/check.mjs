// Everything that `npm test` checks, in order of cost: lint, types, import directions, then all test suites (schema drift among
// them). Ends with the line `N passed, N failed, N skipped`; each check before the suites counts as one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const counts = { passed: 0, failed: 0, skipped: 0 };

function check(what, command, args) {
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  counts[status === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
}

check('lint and format', bin('biome'), ['ci', '.']);
check('types, tests included', bin('tsc'), ['-p', 'tsconfig.tests.json']);
check('import directions', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'packages', 'services']);

// Said once more at the end: often only the last lines of a run are kept.
function tellFailures(suites) {
  const told = (where, message) => {
    const ours = message.split('\n').filter((line) => !line.includes('node_modules'));
    console.log(`FAILED: ${where}\n${ours.slice(0, 12).join('\n')}\n`);
  };
  for (const { name, message, assertionResults } of suites) {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    for (const { fullName, failureMessages } of failed) told(`${file}: ${fullName}`, failureMessages.join('\n'));
    if (message && failed.length === 0) told(file, message);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-check-'));
const report = join(folder, 'vitest.json');
const only = process.argv.slice(2);
const { status } = spawnSync(
  bin('vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...only],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, testResults } =
    JSON.parse(readFileSync(report, 'utf8'));
  counts.passed += numPassedTests;
  counts.failed += numFailedTests;
  counts.skipped += numPendingTests + numTodoTests;
  // A suite that fails before its first test has no failed test to count.
  if (numFailedTests === 0 && (numFailedTestSuites > 0 || status !== 0)) counts.failed += 1;
  tellFailures(testResults);
} catch {
  console.error('the test run left no report: it did not finish');
  counts.failed += 1;
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
