// The harness behaves as its contract says; the other tests depend on it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHarness } from '../harness/harness.mjs';
import { LOADERS, loadPlugin } from '../harness/loaders.mjs';

/** Builds a plugin whose run and testConnection have this body. */
const pluginThat = (body) => `
  class QueryError extends Error {
    constructor(message, description, data, more) {
      super(message);
      Object.assign(this, { description, data }, more);
    }
  }
  module.exports.default = class { async run(source, query) { ${body} } async testConnection(source) { ${body} } };`;

const probe = (expression, loader) =>
  loadPlugin(
    `module.exports.default = function () {}; module.exports.default.value = ${expression};`,
    {
      loader,
    },
  ).value;

for (const loader of LOADERS) {
  describe(`loader ${loader}`, () => {
    test(`loader ${loader} keeps ${loader === 'B' ? 'the' : 'no'} globals of a plugin between two evaluations`, () => {
      const counter = `(globalThis.counter${loader} = (globalThis.counter${loader} || 0) + 1)`;
      probe(counter, loader);
      assert.equal(probe(counter, loader), loader === 'B' ? 2 : 1);
    });

    test(`loader ${loader} gives the plugin the require and the process of the server`, () => {
      assert.equal(probe('process', loader), process);
      assert.equal(probe("require('fs').readFileSync.length > 0", loader), true);
    });
  });
}

test('loader E provides the Error of the server, but not its Object, Array or DOMException', () => {
  assert.equal(probe('Error', 'E'), Error);
  assert.notEqual(probe('Object', 'E'), Object);
  assert.notEqual(probe('[].constructor', 'E'), Array);
  assert.equal(probe('typeof DOMException', 'E'), 'undefined');
  assert.equal(probe('global', 'E'), globalThis);
});

test('loader E rejects import()', async () => {
  await assert.rejects(probe("import('node:fs')", 'E'), {
    code: /^ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING/,
  });
});

test('rejects a plugin without a class as `default`', () => {
  assert.throws(() => loadPlugin('module.exports = class {};'), /no class as `default`/);
});

test('passes the result of run to the browser as JSON', async () => {
  const harness = createHarness({
    text: pluginThat('return { status: "ok", data: [NaN, undefined], at: undefined };'),
  });
  assert.deepEqual(await harness.run({}, {}), { status: 'ok', data: [null, null] });
});

test('passes a QueryError to the browser whole', async () => {
  const harness = createHarness({
    text: pluginThat('throw new QueryError("m", "d", { status: 401 });'),
  });
  assert.deepEqual(await harness.run({}, {}), {
    status: 'failed',
    message: 'm',
    description: 'd',
    data: { status: 401 },
  });
  assert.deepEqual(await harness.testConnection({}), {
    status: 'failed',
    message: 'm: d\n - {"status":401}',
  });
});

test('passes any other error to the browser as its message', async () => {
  const harness = createHarness({ text: pluginThat('return query.missing.property;') });
  const { status, message, description } = await harness.run({}, {});
  assert.equal(status, 'failed');
  assert.match(message, /undefined/);
  assert.equal(description, message);
});

test('stops waiting after query_timeout milliseconds', async () => {
  const harness = createHarness({ text: pluginThat('return new Promise(() => {});') });
  assert.deepEqual(await harness.run({}, { query_timeout: '20' }), {
    status: 'failed',
    message: 'Query timed out',
    description: 'Defined query timeout of 20 ms exceeded.',
    data: {},
  });
});

describe('ToolJet 2', () => {
  const harness = (body) => createHarness({ text: pluginThat(body), tooljet: 2 });
  const failure = 'throw new QueryError("m", "d", { status: 401 }, { metadata: { attempts: 1 } });';

  test('ToolJet 2 drops the metadata of a failed query', async () => {
    assert.deepEqual(await harness(failure).run({}, {}), {
      status: 'failed',
      message: 'm',
      description: 'd',
      data: { status: 401 },
    });
  });

  test('ToolJet 2 passes on only the message of a failed connection test', async () => {
    assert.deepEqual(await harness(failure).testConnection({}), { status: 'failed', message: 'm' });
  });

  test('ToolJet 2 replaces the message of an error that is not a QueryError', async () => {
    const { message, data } = await harness('throw new Error("secret");').run({}, {});
    assert.equal(message, 'Internal server error');
    assert.deepEqual(data, {});
  });

  test('ToolJet 2 has no query_timeout', async () => {
    const { status } = await harness(
      'await new Promise((done) => setTimeout(done, 30)); return { status: "ok" };',
    ).run({}, { query_timeout: '1' });
    assert.equal(status, 'ok');
  });
});

test('ToolJet 3 passes on the metadata of a failed query', async () => {
  const text = pluginThat('throw new QueryError("m", "d", {}, { metadata: { attempts: 1 } });');
  const { metadata } = await createHarness({ text }).run({}, {});
  assert.deepEqual(metadata, { attempts: 1 });
});
