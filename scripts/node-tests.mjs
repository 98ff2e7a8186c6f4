// Runs Node's tests: all behind one line of progress, of which only those that fail are shown, or a
// few in full.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createProgress } from './progress.mjs';
import { ROOT } from './root.mjs';
import { spawnLines } from './steps.mjs';

/** Where the other report of the last run is: what is not shown, or what is counted. */
const REPORT = join(ROOT, 'target', 'test-report.txt');
/** The heading of Node's own list of failures, which ends its report. */
const FAILURES = /^.*failing tests:$/m;
/** A test that passed, one that was skipped, or a suite. */
const PASSED = /^ *[✔﹣▶].*\n/gm;
const NEWS = '--test-reporter=./scripts/test-reporter.mjs';
const SPEC = '--test-reporter=spec';

/** Adds what `line` of the news says to `counts`, and returns the file that begins, if one does. */
function count(counts, line) {
  const [, file, outcome] = /^\{"(?:file":"(.*)"|outcome":"(\w+)")\}$/.exec(line) ?? [];
  if (outcome) counts[outcome] += 1;
  return file;
}

/**
 * Runs these files with these further `args` of `node --test`; resolves to how many tests passed,
 * failed and were skipped. `inFull` shows each test, as Node does. `report` is the file for the rest.
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
  // A file that cannot be read fails without a test.
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
    // The failures are found in the text of the report.
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

/** Node's own list of failures; with what was printed, where a file failed as a whole. */
function showFailures(report) {
  const text = readFileSync(report, 'utf8');
  const at = text.search(FAILURES);
  const listed = at === -1 ? '' : text.slice(at);
  const isEnough = listed !== '' && !/^ {2}'test failed'$/m.test(listed);
  const shown = isEnough ? listed : text.replaceAll(PASSED, '');
  process.stderr.write(`${shown}\nThe whole report: ${report}\n`);
}
