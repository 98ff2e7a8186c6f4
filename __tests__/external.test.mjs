// The build for images: an entry without the addon, whose file is installed separately.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pack } from '../scripts/pack.mjs';
import { addon, addonName, platform, Sandbox } from './loading/sandbox.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

let out;
let text;
before(() => {
  out = mkdtempSync(join(tmpdir(), 'external-'));
  const file = join(out, 'addon.node');
  writeFileSync(file, addon);
  text = pack({ root, out, addons: [{ platform, file }], id: 'openai', external: true }).entry;
});
after(() => rmSync(out, { recursive: true }));

/** A server whose configured folder contains `content` as the addon's file. */
async function serve(t, content, options) {
  const sandbox = new Sandbox(process.getuid());
  t.after(() => sandbox.dispose());
  sandbox.env.TOOLJET_OPENAI_ADDON_DIR = sandbox.folder('opt');
  if (content) {
    sandbox.file(join(sandbox.env.TOOLJET_OPENAI_ADDON_DIR, addonName), content, options);
  }
  const report = await sandbox.serve({ text });
  assert.deepEqual(sandbox.list(sandbox.cache), []);
  return { ...report, from: sandbox.whereFrom(report) };
}

test('writes an external addon next to a small entry, and no other', () => {
  assert.ok(text.length < 100_000, `${text.length}`);
  assert.deepEqual(readdirSync(join(out, 'dist')).toSorted(), [
    'index.js',
    'operations.d.ts',
    addonName,
  ]);
  assert.ok(readFileSync(join(out, 'dist', addonName)).equals(addon));
  const other = join(out, 'other.node');
  writeFileSync(other, 'another addon');
  pack({ root, out, addons: [{ platform, file: other }], id: 'openai', fast: true });
  assert.deepEqual(readdirSync(join(out, 'dist')).toSorted(), ['index.js', 'operations.d.ts']);
});

test('loads an external addon from the configured folder', async (t) => {
  const { from, answer } = await serve(t, addon, { mode: 0o444 });
  assert.equal(from, 'the configured folder', answer.message);
});

for (const { what, content, mode, reason } of [
  { what: 'is missing', reason: `: there is no ${addonName}\n` },
  {
    what: 'has another SHA-256',
    content: Buffer.concat([addon, Buffer.from([0])]),
    reason: 'is damaged (its SHA-256 differs)',
  },
  { what: 'can be changed by anyone', content: addon, mode: 0o666, reason: 'other users can' },
]) {
  test(`does not load an external addon that ${what}, and says where it belongs`, async (t) => {
    const { loaded, attempts, answer } = await serve(t, content, { mode });
    assert.equal(loaded, false);
    assert.equal(attempts, 0);
    assert.ok(answer.message.includes(reason), answer.message);
    assert.match(answer.message, /Put tooljet-openai-\w+\.node, .*TOOLJET_OPENAI_ADDON_DIR/);
  });
}
