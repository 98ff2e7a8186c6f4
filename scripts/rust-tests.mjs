// Runs the Rust tests behind one line of progress, and shows only failures in full.

import { isProgress, runCargo } from './cargo.mjs';
import { createProgress } from './progress.mjs';
import { spawnLines } from './steps.mjs';

/** Output of tests that pass. */
const FINE = /^(running \d+ tests?|test result: ok\b.*)$/;
const OUTCOMES = { ok: 'passed', FAILED: 'failed', ignored: 'skipped' };

/**
 * What a line of `cargo test` reports: the `outcome` of a test, or the `file` whose tests start.
 */
export function rustNews(line) {
  const [, outcome] = /^test .+ \.\.\. (ok|FAILED|ignored)\b/.exec(line) ?? [];
  if (outcome) return { outcome: OUTCOMES[outcome] };
  const [, file] = /^ +(?:Running|Doc-tests) (?:unittests )?(\S+)/.exec(line) ?? [];
  return file && { file };
}

/** Resolves to the numbers of tests that passed, failed and were skipped. */
export async function runRustTests() {
  await runCargo({
    title: 'Compiling the Rust tests',
    done: 'Compiled the Rust tests',
    args: ['test', '--locked', '--no-run'],
  });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const progress = createProgress('Rust tests');
  const told = [];
  let current = '';
  const status = await spawnLines('cargo', ['test', '--locked'], {}, (line, isWhole) => {
    const news = rustNews(line);
    if (news?.file) current = news.file;
    else if (news) counts[news.outcome] += 1;
    else if (isWhole && !isProgress(line) && !FINE.test(line)) told.push(line);
    const failed = counts.failed > 0 ? `, ${counts.failed} FAILED` : '';
    progress.update(`${counts.passed} passed${failed}, ${current}`);
  });
  progress.stop();
  if (status !== 0) {
    counts.failed = Math.max(counts.failed, 1);
    process.stderr.write(`${told.join('\n')}\n`);
  }
  return counts;
}
