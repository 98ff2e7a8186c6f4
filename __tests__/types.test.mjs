import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readForm, readHint } from '../scripts/docs.mjs';
import { fieldsOf } from './form-rules.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

test('index.d.ts has the fields of the forms, takes what is right and refuses what is wrong', () => {
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', here], {
    encoding: 'utf8',
  });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

test('index.d.ts gives the ranges and defaults of the forms', async () => {
  const types = await readFile(new URL('../index.d.ts', import.meta.url), 'utf8');
  const operations = await readForm('operations.json');
  const manifest = await readForm('manifest.json');
  const told = (pattern) =>
    [...types.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s+(\w+)\??:/gs)]
      .map(([, comment, key]) => [key, pattern.exec(comment)?.[1]])
      .filter(([, fact]) => fact)
      .map((pair) => pair.join(': '));
  const hinted = (read) =>
    [...fieldsOf(operations.properties), ...fieldsOf(manifest.properties)]
      .map(({ key, placeholder, description }) => [key, readHint(placeholder ?? description)])
      .map(([key, hint]) => [key, hint && read(hint)])
      .filter(([, fact]) => fact)
      .map((pair) => pair.join(': '));
  const unique = (facts) => [...new Set(facts)].sort();

  const ranges = hinted(({ accepts }) => /from (-?\d+ to \d+)$/.exec(accepts)?.[1]);
  assert.deepEqual(unique(told(/@range (-?\d+ to \d+)/)), unique(ranges));
  const values = hinted(({ fallback }) => /^(\d{2,}|.*[-/].*)$/.exec(fallback)?.[1]);
  assert.deepEqual(unique(told(/@default '?(\d{2,}|[^\s']*[-/][^\s']*)'?\s/)), unique(values));
});
