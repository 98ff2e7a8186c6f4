// The marketplace folder that the build writes.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadPlugin } from '../host/loaders.mjs';
import { pack } from '../scripts/pack.mjs';

const sources = [
  'src/index.js',
  'src/entry',
  'package.json',
  'manifest.json',
  'operations.json',
  'icon.svg',
];
let root;
let addons;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pack-'));
  const repository = dirname(dirname(fileURLToPath(import.meta.url)));
  for (const path of sources) cpSync(join(repository, path), join(root, path), { recursive: true });
  addons = ['linux-x64', 'linux-arm64'].map((platform) => {
    const file = join(root, `${platform}.node`);
    writeFileSync(file, `the addon for ${platform}`);
    return { platform, file };
  });
});

afterEach(() => rmSync(root, { recursive: true }));

const read = (path) => readFileSync(join(root, path), 'utf8');

test('the same input gives the same bytes, in whatever order the addons come', () => {
  const first = pack({ root, addons }).entry;
  rmSync(join(root, 'target'), { recursive: true });
  assert.equal(pack({ root, addons: addons.slice().reverse() }).entry, first);
  assert.equal(read('dist/index.js'), first);
});

test('every addon is in the entry, which needs nothing but Node', () => {
  const { entry, addons: packed } = pack({ root, addons });
  for (const { sha256, base64 } of packed) {
    assert.ok(entry.includes(sha256));
    assert.ok(entry.includes(base64));
  }
  const required = Array.from(entry.matchAll(/require\('([^']+)'\)/g), ([, name]) => name);
  assert.deepEqual([...new Set(required)].sort(), ['buffer', 'crypto', 'fs', 'os', 'path', 'zlib']);
  assert.equal(typeof loadPlugin(entry), 'function');
});

test('forms and icon are copied as they are', () => {
  pack({ root, addons });
  for (const name of ['manifest.json', 'operations.json', 'icon.svg']) {
    assert.equal(read(`lib/${name}`), read(name));
  }
});

test('an id and a name of its own change these two and nothing else', () => {
  pack({ root, addons, id: 'openai_native', name: 'OpenAI (native)' });
  const expected = JSON.parse(read('manifest.json'));
  expected.source.kind = 'openai_native';
  expected.source.name = 'OpenAI (native)';
  assert.deepEqual(JSON.parse(read('lib/manifest.json')), expected);
  assert.equal(read('lib/operations.json'), read('operations.json'));
});

test('an id that ToolJet cannot use is refused', () => {
  assert.throws(
    () => pack({ root, addons, id: 'OpenAI native' }),
    /--id OpenAI native: use lower-case/,
  );
});

test('a platform that the entry could never choose is refused', () => {
  addons[0].platform = 'linux-x86';
  assert.throws(
    () => pack({ root, addons }),
    /unknown platform linux-x86: it is one of .*linux-x64/,
  );
});

test('a file that is not UTF-8 is refused', () => {
  writeFileSync(join(root, 'icon.svg'), Buffer.from([0x3c, 0xff]));
  assert.throws(() => pack({ root, addons }), /icon\.svg is not UTF-8/);
});

test('a form that is not JSON is refused by name', () => {
  writeFileSync(join(root, 'operations.json'), '{"a": }');
  assert.throws(() => pack({ root, addons }), /operations\.json: /);
});

test('an entry that does not evaluate is refused', () => {
  writeFileSync(join(root, 'src/index.js'), "'use strict';\nconst ADDONS = {};\nconst = 1;\n");
  assert.throws(() => pack({ root, addons }), /Unexpected token/);
});

test('an addon of more than 1.75 MB of text is refused, but for test builds', () => {
  writeFileSync(addons[0].file, randomBytes(1_400_000));
  assert.throws(
    () => pack({ root, addons }),
    /the addon for linux-x64 takes \d+ bytes .* more than 1750000/,
  );
  pack({ root, addons, fast: true });
});
