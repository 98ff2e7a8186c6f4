// npm test: installs what is missing, builds the plugin, and runs all tests.

import { readdirSync } from 'node:fs';
import { buildPlugin } from './build-plugin.mjs';
import { runNodeTests } from './node-tests.mjs';
import { Mistake, runCommand } from './options.mjs';
import { runRustTests } from './rust-tests.mjs';
import { installPackages, ROOT } from './setup.mjs';
import { duration, print, printWrapped } from './terminal.mjs';

const COMMAND = {
  command: 'npm test',
  about:
    'Runs the Rust tests, then the Node tests on the packed plugin. Installs and builds what is missing.',
  files: '[__tests__/FILE.test.mjs ...]',
  options: {
    'test-name-pattern': {
      type: 'string',
      value: 'PATTERN',
      help: 'only Node tests whose name matches; requires files',
    },
  },
  notes: ['With files, only these Node tests run, and each test is shown.'],
};

await runCommand(COMMAND, async ({ files, 'test-name-pattern': pattern }) => {
  const started = performance.now();
  await installPackages();
  const isAll = files.length === 0;
  const rust = isAll ? await runPart('Rust', runRustTests) : undefined;
  await buildPlugin();
  // A second addon, in which a query can panic on purpose.
  await buildPlugin({ debug: true, features: 'panic-probe', out: `${ROOT}/target/panic-probe` });
  const node = await runPart('Node', () =>
    runNodeTests({
      title: 'Node tests',
      files: isAll ? nodeTests() : files,
      args: pattern ? [`--test-name-pattern=${pattern}`] : [],
      inFull: !isAll,
    }),
  );
  conclude([rust, node].filter(Boolean), performance.now() - started);
});

/** Runs one kind of tests and reports the outcome; ends the run if one fails. */
async function runPart(kind, run) {
  const started = performance.now();
  const counts = await run();
  const time = duration(performance.now() - started);
  const { passed, failed, skipped } = counts;
  if (failed > 0) {
    throw new Mistake(
      `${failed} of ${passed + failed} ${kind} tests failed, in ${time}; they are above.`,
    );
  }
  print(`${kind} tests: ${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ''} (${time})`);
  return counts;
}

function conclude(parts, time) {
  const sum = (outcome) => parts.reduce((all, part) => all + part[outcome], 0);
  const skipped = sum('skipped') > 0 ? ` (${sum('skipped')} skipped)` : '';
  const all = parts.length > 1 ? 'All ' : '';
  printWrapped(`${all}${sum('passed')} tests passed, in ${duration(time)}${skipped}.`, 'green');
}

function nodeTests() {
  return readdirSync(`${ROOT}/__tests__`, { recursive: true })
    .filter((file) => file.endsWith('.test.mjs'))
    .sort()
    .map((file) => `__tests__/${file}`);
}
