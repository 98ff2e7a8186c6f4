// The long proofs, npm run soak and npm run races, in short; and that they can fail.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { complaints, MEASURES } from '../scripts/proof/growth.mjs';

const script = (name, ...args) =>
  promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL(`../scripts/${name}.mjs`, import.meta.url)), ...args],
    { timeout: 120_000 },
  );
const onLinux = process.platform !== 'linux' && 'only Linux has /proc';

test('a load of all operations and faults leaves nothing behind', { skip: onLinux }, async () => {
  const { stdout } = await script('soak', '--queries', '1300');
  assert.match(stdout, /^ *1300 .*\n\n1300 queries, a tenth with a fault, 64 at a time/m);
  assert.match(stdout, /Nothing grew beyond its tolerance/);
});

test('hosts that end at any moment crash nothing', async () => {
  const { stdout } = await script('races', '--rounds', '60');
  assert.match(stdout, /No crash in 60 rounds/);
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
