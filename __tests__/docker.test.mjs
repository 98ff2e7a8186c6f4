// The recipe of docker/Dockerfile, without Docker: root unpacks the addon, another user loads it.

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
  users,
  World,
} from './loading/world.mjs';

const script = fileURLToPath(new URL('../docker/unpack.mjs', import.meta.url));
const node = process.env.NODE_UNDER_TEST ?? process.execPath;
const plugin = process.env.PLUGIN ?? fileURLToPath(new URL('../dist/index.js', import.meta.url));

function unpack(world, folder) {
  const { status, stderr } = spawnSync(node, [script, plugin, folder], {
    env: { ...world.env },
    encoding: 'utf8',
  });
  return { status, stderr };
}

test('an unprivileged server with no folder to write to loads it', {
  skip: needsRoot || needsMount || needsSharedNode,
}, async (t) => {
  const world = new World(users['an unprivileged user']);
  t.after(() => world.dispose());
  const folder = join(world.root, 'opt', 'tooljet-openai');
  assert.deepEqual(unpack(world, folder), { status: 0, stderr: '' });
  assert.deepEqual(world.list(folder), [addonName]);
  assert.equal(statSync(join(folder, addonName)).uid, 0);

  world.env.TOOLJET_OPENAI_ADDON_DIR = folder;
  for (const other of [world.home, world.tmp, world.server]) {
    world.mount(other, 'noexec');
    world.makeReadOnly(other);
  }
  assert.equal(world.whereFrom(await world.serve()), 'the configured folder');
});

test('a folder that would be refused later ends the build of the image', async (t) => {
  const world = new World(process.getuid());
  t.after(() => world.dispose());
  const folder = world.folder('opt', { mode: 0o777 });
  const { status, stderr } = unpack(world, folder);
  assert.equal(status, 1);
  assert.match(stderr, /^The addon was not unpacked to .*: ./);
});
