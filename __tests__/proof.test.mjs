// The long proofs, npm run soak and npm run races, in short; and that they can fail.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { complaints, MEASURES } from '../scripts/proof/growth.mjs';

const script = (name, args, env = {}) =>
  promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL(`../scripts/${name}.mjs`, import.meta.url)), ...args],
    { timeout: 120_000, env: { ...process.env, ...env } },
  );
const onLinux = process.platform !== 'linux' && 'only Linux has /proc';

test('a load of all operations and faults leaves nothing behind', { skip: onLinux }, async () => {
  const { stdout } = await script('soak', ['--queries', '1300']);
  assert.match(stdout, /^ *1300 .*\n\n1300 queries, a tenth with a fault, 64 at a time/m);
  assert.match(stdout, /^\| threads \| \d+ \| \d+ \| 8 \|$/m);
  assert.match(stdout, /Every result was right, and nothing grew/);
});

test('hosts that end at any moment crash nothing', async () => {
  const { stdout } = await script('races', ['--rounds', '60']);
  assert.match(stdout, /No crash in 60 rounds/);
});

/** A plugin of which `run` does something else; `npm run soak` and the others take it from PLUGIN. */
function pluginThat(t, does) {
  const folder = mkdtempSync(join(tmpdir(), 'proof-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'index.js');
  writeFileSync(file, `module.exports.default = class { async run() { ${does} } }`);
  return { PLUGIN: file };
}

test('a query that is given the answer of another is noticed', { skip: onLinux }, async (t) => {
  const env = pluginThat(t, "return { status: 'ok', data: 'Pong #0 é✓' }");
  await assert.rejects(script('soak', ['--queries', '100'], env), ({ stderr }) => {
    assert.match(stderr, /^\d+ wrong results: the answer of another query$/m);
    assert.match(stderr, /^\d+ wrong results: reset was not noticed$/m);
    return true;
  });
});

test('a host that crashes is noticed, and so is a wrong result there', async (t) => {
  for (const [does, told] of [
    ["process.kill(process.pid, 'SIGSEGV')", 'a host ended with SIGSEGV'],
    ["return { status: 'ok', data: 'Pong' }", 'a query went wrong: the answer of another query'],
  ]) {
    await assert.rejects(script('races', ['--rounds', '4'], pluginThat(t, does)), ({ stderr }) =>
      stderr.includes(told),
    );
  }
});

test('a proof of nothing is none', async () => {
  for (const [name, ...args] of [
    ['soak', '--queries', 'many'],
    ['races', '--rounds', '0'],
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
  test(`steady growth of ${measure} is noticed, and neither warming up nor one peak is growth`, () => {
    assert.match(
      complaints(samples(measure, (at) => at * (allowed + 1))).join(),
      RegExp(`^${measure} grew from`),
    );
    assert.deepEqual(complaints(samples(measure, (at) => (at < 4 ? 0 : 50))), []);
    assert.deepEqual(complaints(samples(measure, (at) => (at === 17 ? 1e6 : 50))), []);
  });
}
