// Short runs of npm run soak and npm run stress, and what makes them fail.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MEASURES, mayBeSteps, violations } from '../scripts/stress/growth.mjs';
import { PATIENCE_MS } from './patience.mjs';

const script = (name, args, env = {}) =>
  promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL(`../scripts/${name}.mjs`, import.meta.url)), ...args],
    { timeout: PATIENCE_MS, env: { ...process.env, ...env } },
  );
const onLinux = process.platform !== 'linux' && 'only Linux has /proc';

test('soak passes when no query of any operation or fault leaves anything behind', {
  skip: onLinux,
}, async () => {
  const { stdout } = await script('soak', ['--queries', '4000']);
  assert.match(stdout, /^ *4000 .*\n\n4000 queries, a tenth with a fault, 64 at a time/m);
  assert.match(stdout, /^\| threads \| \d+ \| \d+ \| 8 \|$/m);
  assert.match(stdout, /Every result was correct, and nothing grew/);
});

test('stress passes when workers, contexts and processes end at any moment', async () => {
  const { stdout } = await script('stress', ['--rounds', '60']);
  assert.match(stdout, /No crash in 60 rounds/);
});

/** Writes the text of a plugin, which `npm run soak` and `npm run stress` take from PLUGIN. */
function writePlugin(t, text) {
  const folder = mkdtempSync(join(tmpdir(), 'stress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'index.js');
  writeFileSync(file, text);
  return { PLUGIN: file };
}

const writePluginThat = (t, does) =>
  writePlugin(t, `module.exports.default = class { async run() { ${does} } }`);

/** Writes the built plugin with one wrong result: that of query 0. */
function writePluginWithOneMistake(t) {
  const built = readFileSync(new URL('../dist/index.js', import.meta.url), 'utf8');
  const text = built.replace(
    'module.exports.default = OpenAI;',
    `module.exports.default = class extends OpenAI {
       async run(...args) {
         const result = await super.run(...args);
         if (result.data !== 'Pong #0 é✓') return result;
         return { ...result, data: 'Pong #1 é✓' };
       }
     };`,
  );
  assert.notEqual(text, built);
  return writePlugin(t, text);
}

test('soak fails when a query gets the answer of another', { skip: onLinux }, async (t) => {
  const env = writePluginThat(t, "return { status: 'ok', data: 'Pong #0 é✓' }");
  await assert.rejects(script('soak', ['--queries', '100'], env), ({ stderr }) => {
    assert.match(stderr, /^\d+ wrong results: the answer of another query$/m);
    assert.match(stderr, /^\d+ wrong results: reset was not noticed$/m);
    return true;
  });
});

test('soak fails when memory leaks in every pass', { skip: onLinux }, async (t) => {
  const env = writePluginThat(t, '(process.kept ??= []).push(Buffer.alloc(128 * 1024, 1))');
  await assert.rejects(script('soak', ['--queries', '400'], env), ({ stdout, stderr }) => {
    assert.equal(stdout.match(/once more, because a leak grows every time/g).length, 2);
    assert.match(stderr, /^rss grew from [\d.]+ to [\d.]+, by more than 8$/m);
    return true;
  });
});

test('stress fails when a process crashes', async (t) => {
  const env = writePluginThat(t, "process.kill(process.pid, 'SIGSEGV')");
  await assert.rejects(script('stress', ['--rounds', '4'], env), ({ stderr }) => {
    assert.match(stderr, /^a process ended with SIGSEGV/m);
    return true;
  });
});

// Each process of stress ends with query 0, so it always gets the wrong result.
test('stress fails when one result is wrong among right ones', async (t) => {
  const env = writePluginWithOneMistake(t);
  await assert.rejects(script('stress', ['--rounds', '4'], env), ({ stderr }) => {
    assert.match(stderr, /a query went wrong: the answer of another query/);
    assert.match(stderr, /^a process ended with exit code 1/m);
    return true;
  });
});

test('soak, stress and fuzz reject invalid counts', async () => {
  for (const [name, ...args] of [
    ['soak', '--queries', 'many'],
    ['stress', '--rounds', '0'],
    ['fuzz', '--minutes', 'some'],
  ]) {
    await assert.rejects(script(name, args), { code: 2 });
  }
});

const samples = (measure, valueAt) =>
  Array.from({ length: 20 }, (_, at) => ({
    ...Object.fromEntries(Object.keys(MEASURES).map((name) => [name, 50])),
    [measure]: valueAt(at),
  }));

for (const [measure, { allowed }] of Object.entries(MEASURES)) {
  test(`soak detects steady growth of ${measure}, and ignores warming up and one peak`, () => {
    assert.match(
      // From the second to the last quarter are ten samples.
      violations(samples(measure, (at) => (at * (allowed + 1)) / 10)).join(),
      RegExp(`^${measure} grew from`),
    );
    assert.deepEqual(violations(samples(measure, (at) => (at < 4 ? 0 : 50))), []);
    assert.deepEqual(violations(samples(measure, (at) => (at === 17 ? 1e6 : 50))), []);
  });
}

test('soak gives another pass only to memory', () => {
  for (const [measure, { allowed, inSteps = false }] of Object.entries(MEASURES)) {
    const growing = samples(measure, (at) => (at * (allowed + 1)) / 10);
    assert.equal(mayBeSteps(growing), inSteps, measure);
  }
  assert.equal(mayBeSteps(samples('rss', () => 50)), false);
});

test('soak ignores a single step of memory, and of nothing else', () => {
  for (const [measure, { inSteps = false }] of Object.entries(MEASURES)) {
    const found = violations(samples(measure, (at) => (at < 11 ? 50 : 1e6)));
    assert.equal(found.length, inSteps ? 0 : 1, measure);
  }
  assert.deepEqual(
    Object.keys(MEASURES).filter((measure) => MEASURES[measure].inSteps),
    ['rss'],
  );
});
