// The marketplace folder that the build writes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadPlugin } from '../harness/loaders.mjs';
import { pack } from '../scripts/pack.mjs';

const sources = [
  'src/index.js',
  'src/entry',
  'package.json',
  'manifest.json',
  'operations.json',
  'icon.svg',
];
const repository = dirname(dirname(fileURLToPath(import.meta.url)));
let root;
let addons;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pack-'));
  for (const path of sources) cpSync(join(repository, path), join(root, path), { recursive: true });
  addons = ['linux-x64', 'linux-arm64'].map((platform) => {
    const file = join(root, `${platform}.node`);
    writeFileSync(file, `the addon for ${platform}`);
    return { platform, file };
  });
});

afterEach(() => rmSync(root, { recursive: true }));

const read = (path) => readFileSync(join(root, path), 'utf8');

test('packs the same bytes whatever the order of the addons', () => {
  const first = pack({ root, addons }).entry;
  rmSync(join(root, 'target'), { recursive: true });
  assert.equal(pack({ root, addons: addons.slice().reverse() }).entry, first);
  assert.equal(read('dist/index.js'), first);
});

test('packs every addon into the entry, which needs only Node', () => {
  const { entry, addons: packed } = pack({ root, addons });
  for (const { sha256, base64 } of packed) {
    assert.ok(entry.includes(sha256));
    assert.ok(entry.includes(base64));
  }
  const required = Array.from(entry.matchAll(/require\('([^']+)'\)/g), ([, name]) => name);
  assert.deepEqual([...new Set(required)].sort(), [
    'buffer',
    'crypto',
    'fs',
    'os',
    'path',
    'timers',
    'zlib',
  ]);
  assert.equal(typeof loadPlugin(entry), 'function');
});

test('packs only ASCII, because V8 needs twice the memory and more time for other text', () => {
  assert.doesNotMatch(pack({ root, addons }).entry, /[^\n -~]/);
});

test('uses another property of `process` for other code', () => {
  const code = () => /const CODE = '([0-9a-f]{64})';/.exec(pack({ root, addons }).entry)[1];
  const first = code();
  assert.equal(code(), first);
  writeFileSync(join(root, 'src/entry/calls.js'), `${read('src/entry/calls.js')}// changed\n`);
  assert.notEqual(code(), first);
});

test('copies the forms and the icon unchanged', () => {
  pack({ root, addons });
  for (const name of ['manifest.json', 'operations.json', 'icon.svg']) {
    assert.equal(read(`lib/${name}`), read(name));
  }
});

test('changes only the id and the name when both are given', () => {
  pack({ root, addons, id: 'openai_native', name: 'OpenAI (native)' });
  const expected = JSON.parse(read('manifest.json'));
  expected.source.kind = 'openai_native';
  expected.source.name = 'OpenAI (native)';
  assert.deepEqual(JSON.parse(read('lib/manifest.json')), expected);
  assert.equal(read('lib/operations.json'), read('operations.json'));
});

const own = { id: 'openai_native', name: 'OpenAI (native)' };

test('keeps the last id and name when none is given', () => {
  pack({ root, addons, ...own });
  const first = read('lib/manifest.json');
  assert.deepEqual(pack({ root, addons }).kept, own);
  assert.equal(read('lib/manifest.json'), first);
});

test('uses the current forms when it keeps an id', () => {
  pack({ root, addons, ...own });
  const changed = JSON.parse(read('manifest.json'));
  changed.description = 'a newer description';
  writeFileSync(join(root, 'manifest.json'), JSON.stringify(changed));
  pack({ root, addons });
  const { description, source } = JSON.parse(read('lib/manifest.json'));
  assert.equal(description, changed.description);
  assert.equal(source.kind, own.id);
});

test('keeps the id when only a name is given', () => {
  pack({ root, addons, ...own });
  assert.deepEqual(pack({ root, addons, name: 'Mine' }).kept, { id: own.id });
  const { kind, name } = JSON.parse(read('lib/manifest.json')).source;
  assert.deepEqual({ kind, name }, { kind: own.id, name: 'Mine' });
});

test('keeps nothing when an id is given, and restores the manifest for openai', () => {
  pack({ root, addons, ...own });
  assert.deepEqual(pack({ root, addons, id: 'openai' }).kept, {});
  assert.equal(read('lib/manifest.json'), read('manifest.json'));
  assert.deepEqual(pack({ root, addons }).kept, {});
});

test('does not take the id of a build in another folder', () => {
  pack({ root, addons, ...own });
  assert.deepEqual(pack({ root, out: join(root, 'elsewhere'), addons }).kept, {});
  assert.equal(read('elsewhere/lib/manifest.json'), read('manifest.json'));
});

for (const [what, text] of [
  ['is not JSON', '{'],
  ['has no source', '{}'],
  ['has an id that ToolJet cannot use', '{"source": {"kind": "Open AI", "name": "x"}}'],
]) {
  test(`keeps nothing when the last manifest ${what}`, () => {
    pack({ root, addons });
    writeFileSync(join(root, 'lib/manifest.json'), text);
    assert.deepEqual(pack({ root, addons }).kept, {});
    assert.equal(read('lib/manifest.json'), read('manifest.json'));
  });
}

test('names the id and the name that npm run build keeps', () => {
  const build = (...args) =>
    spawnSync(
      process.execPath,
      [
        join(repository, 'scripts/build.mjs'),
        ...['--addon', `linux-x64=${addons[0].file}`, '--out', root],
        ...args,
      ],
      { encoding: 'utf8' },
    ).stdout;
  assert.doesNotMatch(build('--id', own.id, '--name', own.name), /kept/);
  assert.match(
    build(),
    /^id openai_native and name "OpenAI \(native\)", kept from the last build; --id\s+openai goes back$/m,
  );
  assert.match(build('--name', 'Mine'), /^id openai_native, kept from the last build; /m);
  assert.doesNotMatch(build('--id', 'openai'), /kept/);
  assert.doesNotMatch(build(), /kept/);
});

test('rejects an id that ToolJet cannot use', () => {
  assert.throws(
    () => pack({ root, addons, id: 'OpenAI native' }),
    /--id OpenAI native: use lower-case/,
  );
});

test('rejects a platform that the entry could never choose', () => {
  addons[0].platform = 'linux-x86';
  assert.throws(
    () => pack({ root, addons }),
    /unknown platform linux-x86: it is one of .*linux-x64/,
  );
});

test('rejects a file that is not UTF-8', () => {
  writeFileSync(join(root, 'icon.svg'), Buffer.from([0x3c, 0xff]));
  assert.throws(() => pack({ root, addons }), /icon\.svg is not UTF-8/);
});

test('names a form that is not JSON', () => {
  writeFileSync(join(root, 'operations.json'), '{"a": }');
  assert.throws(() => pack({ root, addons }), /operations\.json: /);
});

test('rejects an entry that does not evaluate', () => {
  writeFileSync(
    join(root, 'src/index.js'),
    "'use strict';\nconst ADDONS = {};\nconst CODE = '';\nconst = 1;\n",
  );
  assert.throws(() => pack({ root, addons }), /Unexpected token/);
});

test('rejects an addon of more than 2.4 MB of text unless it is a test build', () => {
  writeFileSync(addons[0].file, randomBytes(1_810_000));
  assert.throws(
    () => pack({ root, addons }),
    /the addon for linux-x64 takes \d+ bytes .* more than 2400000/,
  );
  pack({ root, addons, fast: true });
});
