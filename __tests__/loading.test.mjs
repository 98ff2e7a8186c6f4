// Where the addon is loaded from under every condition of a server's folders. Each row runs in its
// own process, as root and as an unprivileged user if both are available.

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
  OTHER_UID,
  Sandbox,
  users,
} from './loading/sandbox.mjs';

const junk = Buffer.alloc(addon.length, 'x');
const inCache = (sandbox, ...rest) =>
  sandbox.file(join(sandbox.folder(sandbox.cache), addonName), ...rest);

const conditions = [
  {
    condition: 'no file exists yet',
    outcome: 'written to the cache folder, for this user alone',
    from: 'the cache folder',
    check(sandbox) {
      assert.equal(statSync(sandbox.cache).mode & 0o777, 0o700);
      assert.equal(statSync(join(sandbox.cache, addonName)).mode & 0o777, 0o600);
      assert.deepEqual(sandbox.list(sandbox.cache), [addonName]);
    },
  },
  {
    condition: 'a process wrote the file long ago',
    outcome: 'the file is loaded, and marked as used now',
    arrange: (sandbox) => utimesSync(inCache(sandbox, addon), 0, 0),
    from: 'the cache folder',
    written: false,
    check: (sandbox) =>
      assert.ok(Date.now() - statSync(join(sandbox.cache, addonName)).mtimeMs < 60_000),
  },
  {
    condition: 'the file is in the temporary folder and not in the cache folder',
    outcome: 'the file is loaded, and no second one is written',
    arrange: (sandbox) => sandbox.file(join(sandbox.folder(sandbox.tmpFolder), addonName), addon),
    from: 'the temporary folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.cache), []),
  },
  {
    condition: 'XDG_CACHE_HOME is set',
    outcome: 'written there and not to HOME',
    arrange(sandbox) {
      sandbox.env.XDG_CACHE_HOME = join(sandbox.home, 'xdg');
      sandbox.cache = join(sandbox.home, 'xdg', 'tooljet-openai');
    },
    from: 'the cache folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.home), ['xdg']),
  },
  {
    condition: 'the file is truncated',
    outcome: 'replaced',
    arrange: (sandbox) => inCache(sandbox, addon.subarray(0, 4096)),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'the file has other content',
    outcome: 'replaced',
    arrange: (sandbox) => inCache(sandbox, junk),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'the right file may be written by anyone',
    outcome: 'replaced',
    arrange: (sandbox) => inCache(sandbox, addon, { mode: 0o666 }),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'the file was planted by another user',
    outcome: 'replaced',
    skip: needsRoot,
    arrange: (sandbox) => inCache(sandbox, addon, { uid: OTHER_UID, mode: 0o644 }),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'a symbolic link to the right content is in place of the file',
    outcome: 'replaced, and what it pointed to is left alone',
    arrange(sandbox) {
      const target = sandbox.file(join(sandbox.home, 'target'), addon);
      symlinkSync(target, join(sandbox.folder(sandbox.cache), addonName));
    },
    from: 'the cache folder',
    written: true,
    check: (sandbox) => assert.deepEqual(readFileSync(join(sandbox.home, 'target')), addon),
  },
  {
    condition: 'a named pipe is in place of the file',
    outcome: 'replaced, and nothing waits for it',
    arrange: (sandbox) => sandbox.pipe(join(sandbox.folder(sandbox.cache), addonName)),
    from: 'the cache folder',
    written: true,
  },
  {
    condition: 'a folder is in place of the file',
    outcome: 'the next place is used',
    arrange: (sandbox) => sandbox.folder(join(sandbox.cache, addonName, 'full')),
    from: 'the temporary folder',
  },
  {
    condition: 'a writer crashed halfway',
    outcome: 'written again; what it left does not matter',
    arrange: (sandbox) =>
      sandbox.file(join(sandbox.folder(sandbox.cache), `${addonName}.1.00ff.tmp`), 'half'),
    from: 'the cache folder',
    check: (sandbox) => assert.equal(sandbox.list(sandbox.cache).length, 2),
  },
  {
    condition: 'a symbolic link is in place of our folder',
    outcome: 'rejected; the next place is used',
    arrange(sandbox) {
      sandbox.folder(join(sandbox.home, '.cache'));
      symlinkSync(sandbox.folder('elsewhere'), sandbox.cache);
    },
    from: 'the temporary folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(join(sandbox.root, 'elsewhere')), []),
  },
  {
    condition: 'anyone may write to our folder (0777)',
    outcome: 'rejected, though the right file is in it',
    arrange(sandbox) {
      inCache(sandbox, addon);
      sandbox.folder(sandbox.cache, { mode: 0o777 });
    },
    from: 'the temporary folder',
  },
  {
    condition: 'anyone may write to the folder above ours',
    outcome: 'rejected, though ours is in order',
    arrange(sandbox) {
      inCache(sandbox, addon);
      sandbox.folder(join(sandbox.home, '.cache'), { mode: 0o777 });
    },
    from: 'the temporary folder',
  },
  {
    condition: 'our folder was planted by another user',
    outcome: 'rejected, though the right file is in it',
    skip: needsRoot,
    arrange(sandbox) {
      inCache(sandbox, addon, { mode: 0o644 });
      sandbox.folder(sandbox.cache, { uid: OTHER_UID, mode: 0o755 });
    },
    from: 'the temporary folder',
  },
  {
    condition: 'another user makes our folder just before we do',
    outcome: 'rejected, and nothing is written to it',
    task: (sandbox) => ({ seizedFolder: sandbox.cache }),
    from: 'the temporary folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.cache), []),
  },
  {
    condition: 'the file changes between being written and being loaded',
    outcome: 'removed; the next place is used',
    task: (sandbox) => ({ changedFile: join(sandbox.cache, addonName) }),
    from: 'the temporary folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.cache), []),
  },
  {
    condition: 'there is no HOME, and no account for the user (OpenShift)',
    outcome: 'written to the temporary folder',
    arrange: (sandbox) => delete sandbox.env.HOME,
    from: 'the temporary folder',
  },
  {
    condition: 'HOME is a folder that does not exist and cannot be created',
    outcome: 'written to the temporary folder',
    arrange(sandbox) {
      sandbox.env.HOME = '/proc/nonexistent';
    },
    from: 'the temporary folder',
  },
  {
    condition: "HOME is another user's (sudo keeps it)",
    outcome: 'nothing is created there; written to the temporary folder',
    skip: needsRoot,
    arrange: (sandbox) => sandbox.folder(sandbox.home, { uid: OTHER_UID, mode: 0o755 }),
    from: 'the temporary folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.home), []),
  },
  {
    condition: 'HOME is a symbolic link to a folder of this user',
    outcome: 'written to the cache folder in it',
    arrange(sandbox) {
      sandbox.env.HOME = join(sandbox.root, 'link');
      symlinkSync(sandbox.home, sandbox.env.HOME);
    },
    from: 'the cache folder',
  },
  {
    condition: 'neither HOME nor the temporary folder is usable',
    outcome: "written to the server's folder",
    arrange(sandbox) {
      delete sandbox.env.HOME;
      sandbox.folder(sandbox.tmpFolder, { mode: 0o777 });
    },
    from: "the server's folder",
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR names a folder that does not exist yet',
    outcome: 'the folder is created, and the file written to it',
    arrange(sandbox) {
      sandbox.env.TOOLJET_OPENAI_ADDON_DIR = join(sandbox.home, 'addons', 'openai');
    },
    from: 'the configured folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.cache), []),
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR was filled by root and is read-only',
    outcome: 'its file is loaded, and nothing is written',
    skip: needsRoot,
    arrange(sandbox) {
      const folder = sandbox.folder('opt', { uid: 0 });
      sandbox.file(join(folder, addonName), addon, { uid: 0, mode: 0o444 });
      sandbox.env.TOOLJET_OPENAI_ADDON_DIR = sandbox.folder(folder, { uid: 0, mode: 0o555 });
    },
    from: 'the configured folder',
    check(sandbox) {
      assert.deepEqual(sandbox.list(sandbox.cache), []);
      assert.deepEqual(sandbox.list(join(sandbox.root, 'opt')), [addonName]);
    },
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR is the temporary folder itself',
    outcome: 'rejected, as others may write to it; the next place is used',
    arrange(sandbox) {
      sandbox.env.TOOLJET_OPENAI_ADDON_DIR = sandbox.tmp;
      sandbox.file(join(sandbox.tmp, addonName), addon);
    },
    from: 'the cache folder',
  },
  {
    condition: 'TOOLJET_OPENAI_ADDON_DIR is not an absolute path',
    outcome: 'the next place is used',
    arrange(sandbox) {
      sandbox.env.TOOLJET_OPENAI_ADDON_DIR = 'addons';
    },
    from: 'the cache folder',
  },
  {
    condition: 'everything except the temporary folder is read-only',
    outcome: 'written to the temporary folder',
    skip: needsMount,
    arrange(sandbox) {
      for (const folder of [sandbox.home, sandbox.server]) {
        sandbox.mount(folder);
        sandbox.makeReadOnly(folder);
      }
    },
    from: 'the temporary folder',
  },
  {
    condition: 'everything is read-only',
    outcome: 'one error that lists every place',
    skip: needsMount,
    arrange(sandbox) {
      for (const folder of [sandbox.home, sandbox.tmp, sandbox.server]) {
        sandbox.mount(folder);
        sandbox.makeReadOnly(folder);
      }
    },
    from: 'nowhere',
    errors: (sandbox) => [
      `- ${sandbox.cache}: EROFS`,
      `- ${sandbox.tmpFolder}: EROFS`,
      `- ${sandbox.serverFolder}: EROFS`,
      `- ${sandbox.tmp}, as an unnamed file: EROFS`,
    ],
  },
  {
    condition: 'the cache folder is mounted noexec',
    outcome: 'the next place is used, and no file is left behind',
    skip: needsMount,
    arrange: (sandbox) => sandbox.mount(sandbox.home, 'noexec'),
    from: 'the temporary folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.cache), []),
  },
  {
    condition: 'everything is mounted noexec',
    outcome: 'one error that says so for every place',
    skip: needsMount,
    arrange(sandbox) {
      for (const folder of [sandbox.home, sandbox.tmp, sandbox.server])
        sandbox.mount(folder, 'noexec');
    },
    from: 'nowhere',
    errors: (sandbox) =>
      [
        sandbox.cache,
        sandbox.tmpFolder,
        sandbox.serverFolder,
        `${sandbox.tmp}, as an unnamed file`,
      ].map((place) => `- ${place}: code may not be run from there (noexec): `),
  },
  {
    condition: 'the disk of the cache folder is full',
    outcome: 'the next place is used, and no partial file is left behind',
    skip: needsMount,
    arrange: (sandbox) => sandbox.mount(sandbox.home, 'size=64k'),
    from: 'the temporary folder',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.cache), []),
  },
  {
    condition: 'no folder is safe, but a temporary folder allows executing',
    outcome: 'loaded from an unnamed file',
    skip: process.platform !== 'linux' && 'only Linux has unnamed files',
    arrange(sandbox) {
      delete sandbox.env.HOME;
      sandbox.folder(sandbox.tmpFolder, { mode: 0o777 });
      sandbox.folder(sandbox.serverFolder, { mode: 0o777 });
    },
    from: 'an unnamed file',
    check: (sandbox) => assert.deepEqual(sandbox.list(sandbox.tmpFolder), []),
  },
  {
    condition:
      'everything is read-only except a temporary folder open to all (an emptyDir of Kubernetes)',
    outcome: 'loaded from an unnamed file',
    skip: needsMount,
    arrange(sandbox) {
      sandbox.folder(sandbox.tmp, { mode: 0o777, uid: process.getuid() });
      for (const folder of [sandbox.home, sandbox.server]) {
        sandbox.mount(folder);
        sandbox.makeReadOnly(folder);
      }
    },
    from: 'an unnamed file',
  },
  {
    condition: 'other versions have left files',
    outcome: 'our files that were not used for a week are removed',
    arrange(sandbox) {
      const other = (digit, end = '') => `tooljet-openai-${digit.repeat(64)}.node${end}`;
      const age = (name, days, owner) => {
        const file = sandbox.file(join(sandbox.folder(sandbox.cache), name), 'old', owner);
        const then = Date.now() / 1000 - days * 24 * 60 * 60;
        utimesSync(file, then, then);
        return name;
      };
      age(other('a'), 8);
      age(other('b', '.77.0aff.tmp'), 8);
      sandbox.kept = [
        age(other('c'), 6),
        age('notes.node', 8),
        ...(needsRoot ? [] : [age(other('d'), 8, { uid: OTHER_UID })]),
      ];
    },
    from: 'the cache folder',
    check: (sandbox) =>
      assert.deepEqual(sandbox.list(sandbox.cache), [...sandbox.kept, addonName].sort()),
  },
];

for (const [user, uid] of Object.entries(users)) {
  const skipAll = uid !== process.getuid() && needsSharedNode;
  describe(`as ${user}`, { concurrency: 2, skip: skipAll }, () => {
    for (const row of conditions) {
      const { condition, outcome, skip, arrange, task, from, written, errors, check } = row;
      test(`${condition}: ${outcome}`, { skip }, async (t) => {
        const sandbox = new Sandbox(uid);
        t.after(() => sandbox.dispose());
        arrange?.(sandbox);
        const file = join(sandbox.cache, addonName);
        const before = existsSync(file) && lstatSync(file).ino;

        const report = await sandbox.serve(task?.(sandbox));

        assert.equal(sandbox.whereFrom(report), from, report.answer.message);
        assert.equal(report.loads.length, from === 'nowhere' ? 0 : 1);
        assert.match(report.answer.message, /^Connection could not be established: ./);
        assert.equal(/native addon/.test(report.answer.message), from === 'nowhere');
        assert.equal(report.query.message, 'Query could not be completed');
        if (written !== undefined) assert.equal(lstatSync(file).ino !== before, written);
        if (written) assert.deepEqual(readFileSync(file), addon);
        for (const line of errors?.(sandbox) ?? [])
          assert.ok(report.answer.message.includes(line), report.answer.message);
        if (errors) assert.match(report.answer.message, /Set TOOLJET_OPENAI_ADDON_DIR to a folder/);
        check?.(sandbox);
      });
    }
  });
}
