// Runs Node's tests: all of them behind one line of progress, showing only failures, or a few in
// full.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createProgress } from './progress.mjs';
import { ROOT } from './root.mjs';
import { spawnLines } from './steps.mjs';

/** The report of the last run that is not shown, or that is counted. */
const REPORT = join(ROOT, 'target', 'test-report.txt');
/** The heading of Node's own list of failures, which ends its report. */
const FAILURES = /^.*failing tests:$/m;
/** A test that passed, one that was skipped, or a suite. */
const PASSED = /^ *[✔﹣▶].*\n/gm;
const NEWS = '--test-reporter=./scripts/test-reporter.mjs';
const SPEC = '--test-reporter=spec';

/** Adds the outcome in `line` to `counts`, and returns the file that starts, if any. */
function count(counts, line) {
  const [, file, outcome] = /^\{"(?:file":"(.*)"|outcome":"(\w+)")\}$/.exec(line) ?? [];
  if (outcome) counts[outcome] += 1;
  return file;
}

/**
 * Runs these files with additional `args` of `node --test`; resolves to the numbers of tests that
 * passed, failed and were skipped. `inFull` shows each test, as Node does. `report` is the file for
 * the rest.
 */
export async function runNodeTests({
  title,
  files,
  args = [],
  env = {},
  inFull = false,
  report = REPORT,
}) {
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const run = inFull ? runInFull : runBehindProgress;
  const all = ['--test', ...args, '--test-reporter-destination=stdout'];
  const others = [`--test-reporter-destination=${report}`, ...files];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const status = await run({ title, counts, all, others, report, env: { ...process.env, ...env } });
  // A file that cannot be loaded fails without a test.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (counts.failed > 0 && !inFull) showFailures(report);
  return counts;
}

function runInFull({ counts, all, others, report, env }) {
  const { status } = spawnSync(process.execPath, [...all, SPEC, NEWS, ...others], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
  });
  for (const line of readFileSync(report, 'utf8').split('\n')) count(counts, line);
  return status;
}

async function runBehindProgress({ title, counts, all, others, env }) {
  const progress = createProgress(title);
  let current = '';
  const status = await spawnLines(
    process.execPath,
    [...all, NEWS, SPEC, ...others],
    // The failures are extracted from the report's text.
    { env: { ...env, FORCE_COLOR: '0' } },
    (line) => {
      const file = count(counts, line);
      if (file) current = basename(file);
      const failed = counts.failed > 0 ? `, ${counts.failed} FAILED` : '';
      progress.update(`${counts.passed} passed${failed}, ${current}`);
    },
  );
  progress.stop();
  return status;
}

/** Shows Node's own list of failures; for a file that failed as a whole, what it printed. */
function showFailures(report) {
  const text = readFileSync(report, 'utf8');
  const at = text.search(FAILURES);
  const listed = at === -1 ? '' : text.slice(at);
  const isEnough = listed !== '' && !/^ {2}'test failed'$/m.test(listed);
  const shown = isEnough ? listed : text.replaceAll(PASSED, '');
  process.stderr.write(`${shown}\nThe whole report: ${report}\n`);
}
