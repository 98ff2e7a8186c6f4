// npm run fuzz: runs the properties of tests/properties and those of __tests__/fuzz.test.mjs on the
// packed plugin repeatedly, each time with a new seed (`npm test` runs them once with one seed).
// Then runs the targets of fuzz/, guided by coverage.

import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { numberFrom, runCommand } from './options.mjs';
import { ROOT, runOrExit } from './setup.mjs';
import { writeSeeds } from './stress/corpus.mjs';

const COMMAND = {
  command: 'npm run fuzz',
  about:
    'Runs the properties with new seeds, on the core and on the packed plugin, and then the targets of fuzz/, guided by coverage.',
  options: {
    minutes: {
      type: 'string',
      value: 'N',
      default: '6',
      read: numberFrom(0, { whole: false }),
      help: 'how long (default: 6): a third for the properties, a third for those on the packed plugin, a third for coverage',
    },
    cases: {
      type: 'string',
      value: 'N',
      default: '4000',
      read: numberFrom(1),
      help: 'random inputs for each property and seed (default: 4000)',
    },
    seed: {
      type: 'string',
      value: 'N',
      help: 'the properties with this seed alone, once: repeats a failure',
    },
  },
};

// The flags of cargo-fuzz for `--sanitizer none`, which needs no nightly compiler. The memory
// checks that it leaves out matter less to code without `unsafe`.
const COVERAGE = [
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  '--cfg',
  'fuzzing',
];
const TARGETS = ['responses', 'options'];
const WORK = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target', 'fuzz');

await runCommand(COMMAND, (options) => {
  properties(options);
  packed(options);
  if (options.seed === undefined) guided(options);
});

/**
 * Runs `check` with one seed after another for a third of the time; `check` returns how many checks
 * passed.
 */
function withSeeds({ minutes, cases, seed: given }, check) {
  const end = Date.now() + (minutes / 3) * 60_000;
  do {
    const seed = given ?? String(randomInt(2 ** 32));
    const { held, output } = check(seed);
    if (!held) {
      console.error(output);
      console.error(`npm run fuzz -- --seed ${seed} --cases ${cases} repeats it.`);
      process.exit(1);
    }
    console.log(`seed ${seed}: ${held}`);
  } while (given === undefined && Date.now() < end);
}

function properties(options) {
  // Optimized, but with the overflow checks of a test build.
  const test = ['test', '--locked', '--test', 'properties', '--config', 'profile.test.opt-level=2'];
  const env = { ...process.env, CARGO_TARGET_DIR: WORK };
  runOrExit('cargo', [...test, '--no-run'], { env });

  let inputs = 0;
  withSeeds(options, (seed) => {
    const { status, stdout } = spawnSync('cargo', [...test, '--no-fail-fast'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...env, PROPTEST_CASES: String(options.cases), PROPTEST_RNG_SEED: seed },
      maxBuffer: 64 * 1024 * 1024,
    });
    const count = status === 0 && Number(/(\d+) passed/.exec(stdout)?.[1]);
    inputs += count * options.cases;
    const held = count && `${count} properties hold, ${inputs.toLocaleString('en')} inputs so far`;
    return { held, output: stdout };
  });
}

function packed(options) {
  runOrExit(process.execPath, ['scripts/build.mjs']);
  let runs = 0;
  withSeeds(options, (seed) => {
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--test', '--test-reporter=tap', '__tests__/fuzz.test.mjs'],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, FUZZ_SEED: seed } },
    );
    const count = status === 0 && Number(/^# pass (\d+)/m.exec(stdout)?.[1]);
    runs += 1;
    return { held: count && `${count} on the packed plugin hold, ${runs} times`, output: stdout };
  });
}

function guided({ minutes }) {
  const host = /host: (.*)/.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout)[1];
  // With an explicit target, build scripts and macros are not instrumented.
  runOrExit('cargo', ['build', '--locked', '--release', '--target', host], {
    cwd: join(ROOT, 'fuzz'),
    env: { ...process.env, CARGO_TARGET_DIR: join(WORK, 'guided'), RUSTFLAGS: COVERAGE.join(' ') },
  });
  const corpus = join(WORK, 'corpus');
  writeSeeds(corpus);
  mkdirSync(join(WORK, 'crashes'), { recursive: true });
  for (const target of TARGETS) {
    runOrExit(join(WORK, 'guided', host, 'release', target), [
      join(corpus, target),
      `-max_total_time=${Math.ceil((minutes / 3 / TARGETS.length) * 60)}`,
      `-artifact_prefix=${join(WORK, 'crashes', target)}-`,
      '-timeout=5',
      '-rss_limit_mb=2048',
      '-max_len=65536',
      '-print_final_stats=1',
      '-verbosity=0',
    ]);
  }
}
