// Where the addon comes from under every condition of a server's folders. Each row runs in a process
// of its own, as root and as an unprivileged user where both are to be had.

import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  addon,
  addonName,
  needsMount,
  needsRoot,
  needsSharedNode,
  SOMEBODY_ELSE,
  users,
  World,
} from './loading/world.mjs';

const junk = Buffer.alloc(addon.length, 'x');
const inCache = (world, ...rest) => world.file(join(world.folder(world.cache), addonName), ...rest);

const conditions = [
  {
    condition: 'nothing is there yet',
    outcome: 'written to the cache folder, for this user alone',
    from: 'the cache folder',
    check(world) {
      assert.equal(statSync(world.cache).mode & 0o777, 0o700);
      assert.equal(statSync(join(world.cache, addonName)).mode & 0o777, 0o600);
      assert.deepEqual(world.list(world.cache), [addonName]);
    },
  },
  {
    condition: 'a process has written the file long ago',
    outcome: 'that file is loaded, and marked as used now',
    arrange: (world) => utimesSync(inCache(world, addon), 0, 0),
    from: 'the cache folder',
    written: false,
    check: (world) =>
      assert.ok(Date.now() - statSync(join(world.cache, addonName)).mtimeMs < 60_000),
  },
  {
    condition: 'the file stands in the temporary folder and none in the cache folder',
    outcome: 'that file is loaded, and no second one written',
    arrange: (world) => world.file(join(world.folder(world.tmpFolder), addonName), addon),
    from: 'the temporary folder',
    check: (world) => assert.deepEqual(world.list(world.cache), []),
  },
  {
    condition: 'XDG_CACHE_HOME is set',
    outcome: 'written there and not to HOME',
    arrange(world) {
      world.env.XDG_CACHE_HOME = join(world.home, 'xdg');
      world.cache = join(world.home, 'xdg', 'tooljet-openai');
    },
    from: 'the cache folder',
    check: (world) => assert.deepEqual(world.list(world.home), ['xdg']),
  },
  {
    condition: 'the file is truncated',
    outcome: 'replaced',
    arrange: (world) => inCache(world, addon.subarray(0, 4096)),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'the file holds something else',
    outcome: 'replaced',
    arrange: (world) => inCache(world, junk),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'the right file may be written by anyone',
    outcome: 'replaced',
    arrange: (world) => inCache(world, addon, { mode: 0o666 }),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'the file was planted by another user',
    outcome: 'replaced',
    skip: needsRoot,
    arrange: (world) => inCache(world, addon, { uid: SOMEBODY_ELSE, mode: 0o644 }),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'a symbolic link to the right content stands in place of the file',
    outcome: 'replaced, and what it pointed to is left alone',
    arrange(world) {
      const target = world.file(join(world.home, 'target'), addon);
      symlinkSync(target, join(world.folder(world.cache), addonName));
    },
    from: 'the cache folder',
    written: true,
    check: (world) => assert.deepEqual(readFileSync(join(world.home, 'target')), addon),
  },
  {
    condition: 'a named pipe stands in place of the file',
    outcome: 'replaced, and nothing waits for it',
    arrange: (world) => world.pipe(join(world.folder(world.cache), addonName)),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'a folder stands in place of the file',
    outcome: 'the next place is used',
    arrange: (world) => world.folder(join(world.cache, addonName, 'full')),
    from: 'the temporary folder',
  },
  {
    condition: 'a writer crashed half-way',
    outcome: 'written anew; what it left is no hindrance',
    arrange: (world) =>
      world.file(join(world.folder(world.cache), `${addonName}.1.00ff.tmp`), 'half'),
    from: 'the cache folder',
    check: (world) => assert.equal(world.list(world.cache).length, 2),
  },
  {
    condition: 'a symbolic link stands in place of our folder',
    outcome: 'refused; the next place is used',
    arrange(world) {
      world.folder(join(world.home, '.cache'));
      symlinkSync(world.folder('elsewhere'), world.cache);
    },
    from: 'the temporary folder',
    check: (world) => assert.deepEqual(world.list(join(world.root, 'elsewhere')), []),
  },
  {
    condition: 'anyone may write to our folder (0777)',
    outcome: 'refused, though the right file is in it',
    arrange(world) {
      inCache(world, addon);
      world.folder(world.cache, { mode: 0o777 });
    },
    from: 'the temporary folder',
  },
  {
    condition: 'anyone may write to the folder above ours',
    outcome: 'refused, though ours is in order',
    arrange(world) {
      inCache(world, addon);
      world.folder(join(world.home, '.cache'), { mode: 0o777 });
    },
    from: 'the temporary folder',
  },
  {
    condition: 'our folder was planted by another user',
    outcome: 'refused, though the right file is in it',
    skip: needsRoot,
    arrange(world) {
      inCache(world, addon, { mode: 0o644 });
      world.folder(world.cache, { uid: SOMEBODY_ELSE, mode: 0o755 });
    },
    from: 'the temporary folder',
  },
  {
    condition: 'there is no HOME, and no account for the user (OpenShift)',
    outcome: 'written to the temporary folder',
    arrange: (world) => delete world.env.HOME,
    from: 'the temporary folder',
  },
  {
    condition: 'HOME is a folder that is not there and cannot be made',
    outcome: 'written to the temporary folder',
    arrange(world) {
      world.env.HOME = '/proc/nonexistent';
    },
    from: 'the temporary folder',
  },
  {
    condition: "HOME is another user's (sudo keeps it)",
    outcome: 'nothing is made in it; written to the temporary folder',
    skip: needsRoot,
    arrange: (world) => world.folder(world.home, { uid: SOMEBODY_ELSE, mode: 0o755 }),
    from: 'the temporary folder',
    check: (world) => assert.deepEqual(world.list(world.home), []),
  },
  {
    condition: 'HOME is a symbolic link to a folder of this user',
    outcome: 'written to the cache folder in it',
    arrange(world) {
      world.env.HOME = join(world.root, 'link');
      symlinkSync(world.home, world.env.HOME);
    },
    from: 'the cache folder',
  },
  {
    condition: 'neither HOME nor the temporary folder will do',
    outcome: "written to the server's folder",
    arrange(world) {
      delete world.env.HOME;
      world.folder(world.tmpFolder, { mode: 0o777 });
    },
    from: "the server's folder",
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR names a folder that is not there yet',
    outcome: 'it is made, and the file written there',
    arrange(world) {
      world.env.TOOLJET_OPENAI_ADDON_DIR = join(world.home, 'addons', 'openai');
    },
    from: 'the configured folder',
    check: (world) => assert.deepEqual(world.list(world.cache), []),
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR was filled by root and is read-only',
    outcome: 'the file in it is loaded, and nothing written',
    skip: needsRoot,
    arrange(world) {
      const folder = world.folder('opt', { uid: 0 });
      world.file(join(folder, addonName), addon, { uid: 0, mode: 0o444 });
      world.env.TOOLJET_OPENAI_ADDON_DIR = world.folder(folder, { uid: 0, mode: 0o555 });
    },
    from: 'the configured folder',
    check(world) {
      assert.deepEqual(world.list(world.cache), []);
      assert.deepEqual(world.list(join(world.root, 'opt')), [addonName]);
    },
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR is the temporary folder itself',
    outcome: 'refused, as others may write to it; the next place is used',
    arrange(world) {
      world.env.TOOLJET_OPENAI_ADDON_DIR = world.tmp;
      world.file(join(world.tmp, addonName), addon);
    },
    from: 'the cache folder',
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR is not an absolute path',
    outcome: 'the next place is used',
    arrange(world) {
      world.env.TOOLJET_OPENAI_ADDON_DIR = 'addons';
    },
    from: 'the cache folder',
  },
  {
    condition: 'everything but the temporary folder is read-only',
    outcome: 'written to the temporary folder',
    skip: needsMount,
    arrange(world) {
      for (const folder of [world.home, world.server]) {
        world.mount(folder);
        world.makeReadOnly(folder);
      }
    },
    from: 'the temporary folder',
  },
  {
    condition: 'everything is read-only',
    outcome: 'one error that lists every place',
    skip: needsMount,
    arrange(world) {
      for (const folder of [world.home, world.tmp, world.server]) {
        world.mount(folder);
        world.makeReadOnly(folder);
      }
    },
    from: 'nowhere',
    errors: (world) => [
      `- ${world.cache}: EROFS`,
      `- ${world.tmpFolder}: EROFS`,
      `- ${world.serverFolder}: EROFS`,
      `- ${world.tmp}, as an unnamed file: EROFS`,
    ],
  },
  {
    condition: 'the cache folder is mounted noexec',
    outcome: 'the next place is used, and no file left behind',
    skip: needsMount,
    arrange: (world) => world.mount(world.home, 'noexec'),
    from: 'the temporary folder',
    check: (world) => assert.deepEqual(world.list(world.cache), []),
  },
  {
    condition: 'everything is mounted noexec',
    outcome: 'one error that says so for every place',
    skip: needsMount,
    arrange(world) {
      for (const folder of [world.home, world.tmp, world.server]) world.mount(folder, 'noexec');
    },
    from: 'nowhere',
    errors: (world) =>
      [world.cache, world.tmpFolder, world.serverFolder, `${world.tmp}, as an unnamed file`].map(
        (place) => `- ${place}: code may not be run from there (noexec): `,
      ),
  },
  {
    condition: 'the disk of the cache folder is full',
    outcome: 'the next place is used, and no half file left behind',
    skip: needsMount,
    arrange: (world) => world.mount(world.home, 'size=64k'),
    from: 'the temporary folder',
    check: (world) => assert.deepEqual(world.list(world.cache), []),
  },
  {
    condition: 'no folder can be ours, but a temporary folder lets code run',
    outcome: 'loaded from an unnamed file',
    skip: process.platform !== 'linux' && 'only Linux has unnamed files',
    arrange(world) {
      delete world.env.HOME;
      world.folder(world.tmpFolder, { mode: 0o777 });
      world.folder(world.serverFolder, { mode: 0o777 });
    },
    from: 'an unnamed file',
    check: (world) => assert.deepEqual(world.list(world.tmpFolder), []),
  },
  {
    condition: 'all is read-only but a temporary folder open to all (an emptyDir of Kubernetes)',
    outcome: 'loaded from an unnamed file',
    skip: needsMount,
    arrange(world) {
      world.folder(world.tmp, { mode: 0o777, uid: process.getuid() });
      for (const folder of [world.home, world.server]) {
        world.mount(folder);
        world.makeReadOnly(folder);
      }
    },
    from: 'an unnamed file',
  },
  {
    condition: 'other versions have left files',
    outcome: 'those of ours that were not used for a week are removed',
    arrange(world) {
      const other = (digit, end = '') => `tooljet-openai-${digit.repeat(64)}.node${end}`;
      const age = (name, days, owner) => {
        const file = world.file(join(world.folder(world.cache), name), 'old', owner);
        const then = Date.now() / 1000 - days * 24 * 60 * 60;
        utimesSync(file, then, then);
        return name;
      };
      age(other('a'), 8);
      age(other('b', '.77.0aff.tmp'), 8);
      world.kept = [
        age(other('c'), 6),
        age('notes.node', 8),
        ...(needsRoot ? [] : [age(other('d'), 8, { uid: SOMEBODY_ELSE })]),
      ];
    },
    from: 'the cache folder',
    check: (world) => assert.deepEqual(world.list(world.cache), [...world.kept, addonName].sort()),
  },
];

for (const [user, uid] of Object.entries(users)) {
  const skipAll = uid !== process.getuid() && needsSharedNode;
  describe(`as ${user}`, { concurrency: 2, skip: skipAll }, () => {
    for (const { condition, outcome, skip, arrange, from, written, errors, check } of conditions) {
      test(`${condition}: ${outcome}`, { skip }, async (t) => {
        const world = new World(uid);
        t.after(() => world.dispose());
        arrange?.(world);
        const file = join(world.cache, addonName);
        const before = existsSync(file) && lstatSync(file).ino;

        const report = await world.serve();

        assert.equal(world.whereFrom(report), from, report.answer.message);
        assert.equal(report.loads.length, from === 'nowhere' ? 0 : 1);
        assert.match(report.answer.message, /^Connection could not be established: ./);
        assert.equal(/native addon/.test(report.answer.message), from === 'nowhere');
        assert.equal(report.query.message, 'Query could not be completed');
        if (written !== undefined) assert.equal(lstatSync(file).ino !== before, written);
        if (written) assert.deepEqual(readFileSync(file), addon);
        for (const line of errors?.(world) ?? [])
          assert.ok(report.answer.message.includes(line), report.answer.message);
        if (errors) assert.match(report.answer.message, /Set TOOLJET_OPENAI_ADDON_DIR to a folder/);
        check?.(world);
      });
    }
  });
}
