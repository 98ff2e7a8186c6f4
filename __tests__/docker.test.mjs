// The steps of docker/Dockerfile, without Docker: root unpacks the addon, another user loads it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  addonName,
  needsMount,
  needsRoot,
  needsSharedNode,
  Sandbox,
  users,
} from './loading/sandbox.mjs';

const script = fileURLToPath(new URL('../docker/unpack.mjs', import.meta.url));
const node = process.env.NODE_UNDER_TEST ?? process.execPath;
const plugin = process.env.PLUGIN ?? fileURLToPath(new URL('../dist/index.js', import.meta.url));

function unpack(sandbox, folder) {
  const { status, stderr } = spawnSync(node, [script, plugin, folder], {
    env: { ...sandbox.env },
    encoding: 'utf8',
  });
  return { status, stderr };
}

test('loads the addon in an unprivileged server that can write to no folder', {
  skip: needsRoot || needsMount || needsSharedNode,
}, async (t) => {
  const sandbox = new Sandbox(users['an unprivileged user']);
  t.after(() => sandbox.dispose());
  const folder = join(sandbox.root, 'opt', 'tooljet-openai');
  assert.deepEqual(unpack(sandbox, folder), { status: 0, stderr: '' });
  assert.deepEqual(sandbox.list(folder), [addonName]);
  assert.equal(statSync(join(folder, addonName)).uid, 0);

  sandbox.env.TOOLJET_OPENAI_ADDON_DIR = folder;
  for (const other of [sandbox.home, sandbox.tmp, sandbox.server]) {
    sandbox.mount(other, 'noexec');
    sandbox.makeReadOnly(other);
  }
  assert.equal(sandbox.whereFrom(await sandbox.serve()), 'the configured folder');
});

test('fails the build of the image when its folder would be rejected at run time', async (t) => {
  const sandbox = new Sandbox(process.getuid());
  t.after(() => sandbox.dispose());
  const folder = sandbox.folder('opt', { mode: 0o777 });
  const { status, stderr } = unpack(sandbox, folder);
  assert.equal(status, 1);
  assert.match(stderr, /^The addon was not unpacked to .*: ./);
});
