import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertCompiles } from './tsc.mjs';

test('index.d.ts has the fields of the forms, accepts valid values and rejects invalid ones', () => {
  assertCompiles(['-p', fileURLToPath(new URL('.', import.meta.url))]);
});

test('says what to run when tsc is not installed', () => {
  assert.throws(() => assertCompiles([], {}, '/nowhere/tsc'), {
    message: '/nowhere/tsc does not exist: run npm ci first',
  });
});

test('shows what a compiler says on either stream when it fails', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tsc-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const compiler = join(folder, 'tsc.cjs');
  writeFileSync(compiler, "console.log('one'); console.error('two'); process.exitCode = 2;");
  assert.throws(() => assertCompiles([], {}, compiler), {
    message: 'tsc ended with 2:\none\ntwo\n',
  });
});
