// The plugin as a module: what the module that evaluates it keeps.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { loadPlugin, SERVER_MODULE } from '../harness/loaders.mjs';
import { PLUGIN } from './plugin.mjs';

const text = readFileSync(PLUGIN, 'utf8');

beforeEach(() => {
  SERVER_MODULE.children.length = 0;
});

test('does not remain a child of the server’s main module when loader A evaluates it', () => {
  const other = 'module.exports.default = class {};';
  for (const each of [other, text, text, other, text]) loadPlugin(each, { loader: 'A' });
  // The other plugin's, which shows that the loader adds children.
  assert.equal(SERVER_MODULE.children.length, 2);
});

test('remains a child of a module that requires it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'parent-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'plugin.js'), text);
  writeFileSync(
    join(folder, 'parent.js'),
    `require('./plugin.js');
     module.exports = module.children.map(({ filename }) => filename);`,
  );
  const children = createRequire(import.meta.url)(join(folder, 'parent.js'));
  assert.deepEqual(children, [join(folder, 'plugin.js')]);
});
