// npm run bench:instructions: counts the instructions of the pure part of a query, which do not
// depend on the machine's load. Fails if they differ from the recorded baseline.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../scripts/options.mjs';
import { ROOT, runOrExit } from '../scripts/setup.mjs';

const BASELINE = fileURLToPath(new URL('instructions-baseline.json', import.meta.url));
const OUT = join(ROOT, 'target', 'bench');
/** The tolerated change. With the same compiler, counts differ by a small part of this. */
const TOLERANCE = 0.05;
/** Counts both few and more queries: the difference excludes the program's start. */
const QUERIES = [20, 60];

/** A request is counted alone; a response is counted as the rest of the query that receives it. */
const CASES = [
  { name: 'options to request, 1 KB prompt', prompt: 1_000 },
  { name: 'options to request, 20 KB prompt', prompt: 20_000 },
  { name: 'answer to result, 1 KB answer', prompt: 1_000, answer: 1_000 },
  { name: 'answer to result, 200 KB answer', prompt: 1_000, answer: 200_000 },
  // Chunks of one character each, as slow models send them.
  {
    name: 'stream to result, 10,000 chunks',
    prompt: 1_000,
    answer: 'stream:10000',
    queries: [1, 3],
  },
  // 100 vectors of 1536 numbers, from a server that supports base64 and from one that does not.
  { name: 'vectors to result, as base64', prompt: 100, answer: 'base64:100', queries: [1, 3] },
  { name: 'vectors to result, as numbers', prompt: 100, answer: 'float:100', queries: [1, 3] },
  { name: 'list to result, 100 rows', prompt: 1_000, answer: 'rows:100', queries: [1, 3] },
];

const COMMAND = {
  command: 'npm run bench:instructions',
  about:
    'Counts the instructions of the pure part of a query. Fails if they differ from the recorded baseline.',
  options: {
    record: { type: 'boolean', default: false, help: 'make these counts the new baseline' },
  },
};

await runCommand(COMMAND, ({ record }) => {
  if (spawnSync('valgrind', ['--version']).error) {
    console.log('Skipped: instructions are counted by valgrind, which is not installed here.');
    return;
  }
  runOrExit('cargo', ['build', '--locked', '--release', '--example', 'count_instructions']);
  const counts = Object.fromEntries(
    CASES.map(({ name, prompt, answer, queries = QUERIES }) => {
      const request = perQuery(prompt, 'none', QUERIES);
      return [name, answer === undefined ? request : perQuery(prompt, answer, queries) - request];
    }),
  );
  if (record) {
    const baseline = { rustc: rustcVersion(), tolerance: TOLERANCE, instructions: counts };
    writeFileSync(BASELINE, `${JSON.stringify(baseline, null, 2)}\n`);
  }
  compare(counts, JSON.parse(readFileSync(BASELINE, 'utf8')));
});

function perQuery(prompt, answer, [some, more]) {
  const [few, many] = [some, more].map((queries) => instructions([prompt, answer, queries]));
  return Math.round((many - few) / (more - some));
}

function instructions(args) {
  mkdirSync(OUT, { recursive: true });
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const program = join(target, 'release', 'examples', 'count_instructions');
  const { status, stderr } = spawnSync(
    'valgrind',
    [
      '--tool=callgrind',
      `--callgrind-out-file=${join(OUT, 'callgrind.out')}`,
      program,
      ...args.map(String),
    ],
    { encoding: 'utf8' },
  );
  const [, collected] = /Collected : (\d+)/.exec(stderr) ?? [];
  if (status !== 0 || collected === undefined) throw new Error(`valgrind failed:\n${stderr}`);
  return Number(collected);
}

function compare(counts, { rustc, tolerance, instructions: baseline }) {
  const own = rustcVersion();
  console.log(
    `\nInstructions per query, baseline by ${rustc}${own === rustc ? '' : `, now ${own}`}`,
  );
  let failures = 0;
  for (const [name, count] of Object.entries(counts)) {
    const change = count / baseline[name] - 1;
    const holds = Math.abs(change) <= tolerance;
    if (!holds) failures += 1;
    const sign = change < 0 ? '' : '+';
    console.log(
      `${holds ? 'ok    ' : 'FAILED'}  ${name.padEnd(34)}${count.toLocaleString('en').padStart(12)}` +
        `  ${sign}${(change * 100).toFixed(1)} %`,
    );
  }
  if (failures === 0) return;
  const percent = tolerance * 100;
  console.error(
    `\nMore than ${percent} % away from the baseline. If that is intended, or an improvement, record it with` +
      '\n  npm run bench:instructions -- --record',
  );
  process.exitCode = 1;
}

function rustcVersion() {
  return spawnSync('rustc', ['--version'], { encoding: 'utf8' }).stdout.trim();
}
