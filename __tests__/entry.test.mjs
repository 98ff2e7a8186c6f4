// The packed entry in server processes: what it does only once, and its errors when it cannot load.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import vm from 'node:vm';
import { LOADERS } from '../harness/loaders.mjs';
import { packedAddons } from '../scripts/pack.mjs';
import {
  addon,
  addonName,
  platform,
  plugin,
  pluginFor,
  pluginWith,
  Sandbox,
} from './loading/sandbox.mjs';

const callsOf = createRequire(import.meta.url)('../src/entry/calls.js');

const FAILED_TEST = /^Connection could not be established: /;

function createSandbox(t) {
  const sandbox = new Sandbox(process.getuid());
  t.after(() => sandbox.dispose());
  return sandbox;
}

for (const loader of LOADERS) {
  test(`ToolJet's loader ${loader} runs the plugin whatever the options are`, async (t) => {
    const { loaded, answer, query } = await createSandbox(t).serve({ loader });
    assert.ok(loaded, answer.message);
    assert.match(answer.message, FAILED_TEST);
    assert.equal(query.status, 'failed');
    assert.equal(query.message, 'Query could not be completed');
    assert.equal(typeof query.description, 'string');
    assert.equal(query.data.message, query.description);
  });
}

describe('options that are small', () => {
  const limits = { maxBytes: 1e6, maxValues: 1000, maxDepth: 100, containerWeight: 5 };
  const crossed = (...options) =>
    callsOf({ limits: () => limits, run: (...crossing) => crossing }).run(...options);

  test('are passed as one JSON text when none of their strings is long', async () => {
    const options = [{ apiKey: 'sk-x' }, { prompt: 'x'.repeat(4096) }];
    assert.deepEqual(await crossed(...options), [JSON.stringify(options), undefined, undefined]);
    const [json, texts] = await crossed({}, { prompt: 'x'.repeat(4097) });
    assert.deepEqual([json, texts], ['[{},{"prompt":-0}]', ['x'.repeat(4097)]]);
  });

  test('are passed with the base URL next to them when it is text', async () => {
    const baseUrlOf = async (source) => (await crossed(source, {}))[2];
    assert.equal(await baseUrlOf({ base_url: ' localhost:1/v1' }), ' localhost:1/v1');
    for (const source of [{ base_url: 5 }, { base_url: null }, {}, null, undefined]) {
      assert.equal(await baseUrlOf(source), undefined);
    }
  });
});

test('loads the addon once in a thousand evaluations', async (t) => {
  const { loads, distinctAnswers } = await createSandbox(t).serve({ calls: 1000 });
  assert.equal(loads.length, 1);
  assert.equal(distinctAnswers, 1);
});

test('caches the binding on `process` without listing it', async (t) => {
  const { loaded, enumerable } = await createSandbox(t).serve();
  assert.ok(loaded);
  assert.equal(enumerable, false);
});

test('loads the addon once when `process` takes no new properties', async (t) => {
  const { loads, attempts, distinctAnswers, answer, query } = await createSandbox(t).serve({
    isSealed: true,
    calls: 50,
  });
  assert.deepEqual([loads.length, attempts, distinctAnswers], [1, 1, 1]);
  assert.match(answer.message, /: API key is missing/);
  assert.match(query.description, /^API key is missing/);
});

test('loads one file once per thread in the main thread and its workers', async (t) => {
  const { loads, workers } = await createSandbox(t).serve({ workers: 3, calls: 5 });
  for (const worker of workers) {
    assert.ok(worker.loaded, worker.answer.message);
    assert.deepEqual(worker.loads, loads);
  }
  assert.equal(loads.length, 1);
});

test('leaves one file when twelve processes start at once', async (t) => {
  const sandbox = createSandbox(t);
  sandbox.file(join(sandbox.root, 'plugin.js'), plugin, { mode: 0o644 });
  const reports = await Promise.all(Array.from({ length: 12 }, () => sandbox.serve()));
  for (const report of reports) assert.equal(sandbox.whereFrom(report), 'the cache folder');
  assert.deepEqual(sandbox.list(sandbox.cache), [addonName]);
});

describe('a damaged plugin text', () => {
  const damaged = pluginWith(Buffer.from('not the addon').toString('base64'));

  test('fails with a clear error when the packed addon is damaged', async (t) => {
    const sandbox = createSandbox(t);
    const { answer, attempts } = await sandbox.serve({ text: damaged });
    assert.match(answer.message, /dist\/index\.js is damaged .*Install the plugin again\.$/);
    assert.equal(attempts, 0);
    assert.deepEqual(sandbox.list(sandbox.cache), []);
  });

  test('ignores a damaged packed addon when the addon is on disk', async (t) => {
    const sandbox = createSandbox(t);
    sandbox.file(join(sandbox.folder(sandbox.cache), addonName), addon);
    const { loaded, answer } = await sandbox.serve({ text: damaged });
    assert.ok(loaded, answer.message);
  });
});

test('names the packed platforms when the server runs on another', async (t) => {
  const text = pluginFor('linux-riscv64');
  const { answer } = await createSandbox(t).serve({ text });
  const packed = packedAddons(text).map((each) => each.platform);
  assert.ok(packed.includes('linux-riscv64') && !packed.includes(platform));
  assert.match(answer.message, FAILED_TEST);
  assert.ok(
    answer.message.endsWith(
      `has native addons for ${packed.join(', ')}, but the server runs on ${platform}.`,
    ),
    answer.message,
  );
});

test('fails after one attempt when the C library is too old', async (t) => {
  const sandbox = createSandbox(t);
  const dlopenFailure = "/lib/libc.so.6: version `GLIBC_2.34' not found";
  const { answer, attempts } = await sandbox.serve({ dlopenFailure });
  assert.match(
    answer.message,
    /: The C library of this system is too old .*GLIBC_2\.34' not found\.$/,
  );
  assert.equal(attempts, 1);
  assert.deepEqual(sandbox.list(sandbox.cache), []);
});

describe('musl', () => {
  const libraries = '7f3c4000-7f3c5000 r-xp 00014000 00:21 1042 /lib/ld-musl-x86_64.so.1\n';

  test('fails after one attempt when the system uses musl', async (t) => {
    const { answer, attempts } = await createSandbox(t).serve({
      libraries,
      dlopenFailure: 'Error loading shared library ld-linux-x86-64.so.2: No such file or directory',
    });
    assert.match(answer.message, /: The native addon needs glibc, and this system uses musl, as/);
    assert.match(answer.message, /: Error loading shared library ld-linux-x86-64/);
    assert.equal(attempts, 1);
  });

  test('reports a folder mounted noexec when the system uses musl', async (t) => {
    const dlopenFailure = 'failed to map segment from shared object';
    const { answer } = await createSandbox(t).serve({ libraries, dlopenFailure });
    assert.match(answer.message, /code may not be run from there \(noexec\)/);
    assert.doesNotMatch(answer.message, /musl/);
  });
});

test('does not blame musl when it is installed but not used', async (t) => {
  const libraries = '7f3c4000-7f3c5000 r-xp 00026000 fe:01 3151 /usr/lib/libc.so.6\n';
  const { answer } = await createSandbox(t).serve({ libraries, dlopenFailure: 'file too short' });
  assert.match(answer.message, /file too short/);
  assert.doesNotMatch(answer.message, /musl/);
});

test('does not retry loading for every query when the addon cannot load', async (t) => {
  const { answer, attempts } = await createSandbox(t).serve({ dlopenFailure: 'broken', calls: 1 });
  assert.match(answer.message, /broken/);
  const { attempts: afterFifty, distinctAnswers } = await createSandbox(t).serve({
    dlopenFailure: 'broken',
    calls: 50,
  });
  assert.equal(afterFifty, attempts);
  assert.equal(distinctAnswers, 1);
});

describe('without `require` and `process`', () => {
  const module = { exports: {} };
  vm.runInNewContext(plugin, { module, exports: module.exports });
  const instance = new module.exports.default();

  for (const [method, message, dataOf] of [
    ['run', 'Query could not be completed', (description) => ({ message: description })],
    [
      'testConnection',
      'Connection could not be established: the plugin cannot run on this server',
      () => null,
    ],
  ]) {
    test(`fails ${method} with a QueryError when the loader provides no \`require\` and \`process\``, async () => {
      await assert.rejects(instance[method]({}, {}), (error) => {
        assert.equal(error.constructor.name, 'QueryError');
        assert.equal(error.message, message);
        assert.match(error.description, /does not give plugins `require` and `process`/);
        // As JSON, because objects of the vm context have other prototypes.
        assert.equal(JSON.stringify(error.data), JSON.stringify(dataOf(error.description)));
        assert.equal('metadata' in error, false);
        return true;
      });
    });
  }
});

test('gives a QueryError an empty object as data when it has none', () => {
  const module = { exports: {} };
  vm.runInNewContext(plugin, { module, exports: module.exports });
  const error = new module.exports.QueryError('message', 'description');
  assert.deepEqual(Object.keys(error.data), []);
  assert.deepEqual(Object.keys(error), ['name', 'description', 'data']);
  const metadata = { attempts: 1 };
  const told = new module.exports.QueryError('message', 'description', {}, metadata);
  assert.equal(told.metadata, metadata);
});
