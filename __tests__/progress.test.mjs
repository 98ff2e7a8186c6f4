// What the scripts show while cargo, npm and the tests run.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cargoDetail, isProgress } from '../scripts/cargo.mjs';
import { rustNews } from '../scripts/rust-tests.mjs';
import { inSeconds } from '../scripts/terminal.mjs';
import { PATIENCE_MS } from './patience.mjs';

test('shows how many crates cargo has built, and when it links', () => {
  for (const [line, detail] of [
    ['Building [=====>      ] 63/118: syn, tokio', '63/118 crates'],
    ['Building [==========> ] 117/118: tooljet-openai', '117/118 crates, linking'],
    ['Building [==========> ] 117/118: tooljet-openai(build)', '117/118 crates, linking'],
    ['Building [>           ] 0/118', '0/118 crates'],
    ['Downloaded reqwest v0.12.1', 'downloaded reqwest v0.12.1'],
    ['Updating crates.io index', 'updating crates.io index'],
    ['Blocking waiting for file lock on build directory', 'waiting for another cargo'],
    ['Compiling serde v1.0.1', undefined],
    ['error[E0425]: cannot find value `x`', undefined],
  ]) {
    assert.equal(cargoDetail(line), detail, line);
  }
});

test('says what the last crate of a release takes so long for, in a terminal of 80 columns', () => {
  const release = { isOptimized: true };
  const last = cargoDetail('Building [==========> ] 117/118: tooljet-openai', release);
  assert.equal(last, 'optimizing and linking, one to two minutes');
  assert.ok(`Compiling the addon ... ${inSeconds(119_000)}  ${last}`.length < 80);
  assert.equal(cargoDetail('Building [==> ] 63/118: syn', release), '63/118 crates');
});

test("keeps cargo's errors and warnings, but not its progress", () => {
  for (const line of [
    '   Compiling serde v1.0.1',
    '    Finished `release` profile [optimized] target(s) in 1m 02s',
    '  Executable tests/tls.rs (target/debug/deps/tls-91b07c2f06e2fb98)',
    '    Building [=====>      ] 63/118: syn, tokio',
  ]) {
    assert.ok(isProgress(line), line);
  }
  for (const line of [
    'error: could not compile `tooljet-openai` (lib) due to 1 previous error',
    'warning: unused variable: `x`',
    '   --> src/lib.rs:1:1',
    '    |     ^^^ help: Use another name',
  ]) {
    assert.ok(!isProgress(line), line);
  }
});

test("counts Rust tests from cargo's output", () => {
  for (const [line, news] of [
    ['test policy::retry::tests::waits ... ok', { outcome: 'passed' }],
    ['test a - should panic ... ok', { outcome: 'passed' }],
    ['test b ... FAILED', { outcome: 'failed' }],
    ['test c ... ignored, needs a network', { outcome: 'skipped' }],
    ['     Running unittests src/lib.rs (target/debug/deps/x-1)', { file: 'src/lib.rs' }],
    ['     Running tests/tls.rs (target/debug/deps/tls-1)', { file: 'tests/tls.rs' }],
    ['   Doc-tests tooljet_openai', { file: 'tooljet_openai' }],
    ['test result: ok. 3 passed; 0 failed', undefined],
    ['running 3 tests', undefined],
  ]) {
    assert.deepEqual(rustNews(line), news, line);
  }
});

test('shows a time in seconds, or in minutes after the first', () => {
  assert.deepEqual([0, 999, 12_000, 59_999, 60_000, 125_000].map(inSeconds), [
    ...['0 s', '0 s', '12 s', '59 s', '1 min 0 s', '2 min 5 s'],
  ]);
});

/** Runs a module that imports from scripts/, with its output in a pipe. */
function runModule(name, text) {
  const url = new URL(`../scripts/${name}.mjs`, import.meta.url).href;
  const script = `import * as module from ${JSON.stringify(url)};\n${text}`;
  // Otherwise the outer test runner would silence a nested one.
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { env, timeout: PATIENCE_MS },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

const step = (command, more = '') =>
  `await module.runStep({ title: 'Working', done: 'Worked', command: 'sh', args: ['-c', ${JSON.stringify(command)}], ${more} });`;

test('shows one line for a step that succeeds, whatever it prints', async () => {
  const { stdout, stderr } = await runModule('steps', step('echo noise; echo more >&2'));
  assert.match(stdout, /^Working \.\.\.\nWorked \(\d+ s\)\n$/);
  assert.equal(stderr, '');
});

test('shows all that a step prints when it fails', async () => {
  const { code, stdout, stderr } = await runModule(
    'steps',
    `try { ${step('printf "1/2\\r2/2\\r"; echo broken >&2; exit 3')} } catch (error) { console.log(error.message); process.exit(7); }`,
  );
  assert.equal(code, 7);
  assert.match(stdout, /sh -c .* failed; its output is above\.\n$/s);
  assert.equal(stderr, 'broken\n');
});

test('says what to install when cargo is missing', async () => {
  const { stdout } = await runModule(
    'cargo',
    `process.env.PATH = '/nowhere';
     await module.runCargo({ title: 'a', done: 'b', args: [] }).catch((error) => console.log(error.message));`,
  );
  assert.match(stdout, /^cargo was not found\. Install Rust from https:\/\/rustup\.rs/m);
});

function writeTests(t, body) {
  const folder = mkdtempSync(join(tmpdir(), 'progress-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a.test.mjs');
  writeFileSync(file, `import { describe, test } from 'node:test';\n${body}`);
  return file;
}

const runTests = (file) =>
  runModule(
    'node-tests',
    `console.log(JSON.stringify(await module.runNodeTests({ title: 'T', report: ${JSON.stringify(`${file}.txt`)}, files: [${JSON.stringify(file)}] })));`,
  );

test('counts Node tests, but neither suites nor printed text', async (t) => {
  const file = writeTests(
    t,
    `describe('s', () => {
       test('a', () => console.log('{"outcome":"failed"} noise'));
       test('b', { skip: true }, () => {});
       test('c', (t) => t.test('inner', () => {}));
     });`,
  );
  const { stdout, stderr } = await runTests(file);
  assert.equal(stdout, 'T ...\n{"passed":3,"failed":0,"skipped":1}\n');
  assert.equal(stderr, '');
});

test('shows the Node tests that fail, each once', async (t) => {
  const file = writeTests(
    t,
    "describe('s', () => { test('fine', () => {}); test('bad', () => { throw new Error('oops'); }); });",
  );
  const { stdout, stderr } = await runTests(file);
  assert.match(stdout, /\{"passed":1,"failed":1,"skipped":0\}\n$/);
  assert.match(stderr, /failing tests:[\s\S]*bad[\s\S]*oops/);
  assert.doesNotMatch(stderr, /fine/);
});

test('counts a file that cannot be run as a failure', async (t) => {
  const { stdout, stderr } = await runTests(writeTests(t, "import './nowhere.mjs';"));
  assert.match(stdout, /"failed":1/);
  assert.match(stderr, /nowhere\.mjs/);
});
