// The files that `npm run docs` writes are up to date, and the check detects one that is not.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OPERATIONS } from './forms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const runDocs = (folder, ...options) =>
  spawnSync(process.execPath, [join(folder, 'scripts/docs.mjs'), ...options], { encoding: 'utf8' });

test('finds the generated files up to date', () => {
  const { status, stderr } = runDocs(root, '--check');
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

/** Copies the script's inputs and outputs, without the rest of the repository. */
const INPUTS = [
  ...[
    'scripts',
    'forms',
    'mock-api',
    'src',
    'docs',
    'bench/results',
    'operations.json',
    'manifest.json',
  ],
  ...['README.md', 'SECURITY.md', 'package.json', 'package-lock.json', 'biome.json'],
];
const GENERATED = {
  'operations.json': ['"Temperature"', '"Heat"'],
  'manifest.json': ['"encrypted": true', '"encrypted": false'],
  'docs/openai.md': ['Number from 0 to 2', 'Number from 0 to 1'],
  'SECURITY.md': ['| `MAX_OPTION_BYTES` |', '| `MAX_BYTES` |'],
};

test('detects and rewrites a generated file that was edited by hand', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  // Keep the times of the lock file, or the packages would be installed again.
  for (const name of INPUTS)
    cpSync(join(root, name), join(folder, name), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, [text, edited]] of Object.entries(GENERATED)) {
    const original = readFileSync(join(folder, name), 'utf8');
    assert.ok(original.includes(text), name);
    writeFileSync(join(folder, name), original.replace(text, edited));
    const { status, stderr } = runDocs(folder, '--check');
    assert.equal(stderr, `${name} is out of date. Run: npm run docs\n`);
    assert.equal(status, 1);
    runDocs(folder);
    assert.equal(readFileSync(join(folder, name), 'utf8'), original);
  }
});

test('writes the ranges and defaults of every operation into its section of docs/openai.md', () => {
  const page = readFileSync(join(root, 'docs/openai.md'), 'utf8');
  const [connection, ...sections] = page.split(/^### /m);
  for (const { name } of OPERATIONS) {
    const section = sections.find((text) => text.startsWith(`${name}\n`));
    assert.ok(section?.includes(`<summary>All fields of ${name}</summary>`), name);
  }
  assert.ok(connection.includes('<summary>All fields of the data source</summary>'));
  assert.match(page, /^\| `max_retries` .*\| Whole number from 0 to 10 \| 2 \|/m);
});
