// The lists that ToolJet 3's form requests with `invokeMethod`, as its dynamic-selector reads them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import humps from 'humps';
import { operationsForm } from '../forms/operations-json.mjs';
import { loadPlugin } from '../harness/loaders.mjs';
import { apiError, harness, mockApi, PLUGIN, source } from './plugin.mjs';

/**
 * The items that the selector shows, in its first releases and since it also accepts a bare list.
 */
const READERS = [
  (response) => (response?.data ?? response)?.data || [],
  (response) => {
    const payload = response?.data ?? response;
    return Array.isArray(payload) ? payload : payload?.data || [];
  },
];

const respond = (data) =>
  mockApi.respondWith({ headers: { 'content-type': 'application/json' }, body: { data } });

test("returns each method's models and nothing else to save in the query", async () => {
  const ids = ['gpt-6-luna', 'gpt-image-2', 'gpt-transcribe', 'text-embedding-3-small'];
  const ended = { id: 'gpt-0', shutdown_date: '2020-02-02' };
  respond([...ids.map((id) => ({ id, owned_by: 'system' })), ended]);
  for (const [method, expected] of Object.entries({
    listModels: ids,
    listChatModels: ['gpt-6-luna'],
    listImageModels: ['gpt-image-2'],
    listEmbeddingModels: ['text-embedding-3-small'],
    listTranscriptionModels: ['gpt-transcribe'],
  })) {
    const response = await harness.invoke(method, source());
    for (const items of READERS) {
      assert.deepEqual(
        items(response),
        expected.map((id) => ({ value: id, label: id })),
        method,
      );
    }
  }
  assert.ok(mockApi.requests.every(({ path }) => path.endsWith('/v1/models')));
});

test('supports every method that the exported form names, even de-camelized', async () => {
  const form = JSON.stringify(humps.decamelizeKeys(operationsForm({ listsModels: true })));
  const methods = [...form.matchAll(/"invoke_method":"(\w+)"/g)].map(([, method]) => method);
  assert.ok(new Set(methods).size > 2, methods.join());
  for (const method of new Set(methods)) {
    assert.equal((await harness.invoke(method, source(), { search: 'a' })).status, 'ok', method);
  }
});

test('explains in the message, which the form shows, why models cannot be listed', async () => {
  mockApi.respondWith(apiError(401, { message: 'Incorrect API key.', code: 'invalid_api_key' }));
  const failure = await harness.invoke('listModels', source());
  assert.equal(failure.status, 'failed');
  assert.match(
    failure.errorMessage,
    /^The API returned HTTP 401 \(invalid_api_key\): Incorrect API key/,
  );
  assert.equal(failure.data.code, 'invalid_api_key');
});

test('names its methods when an unknown one is called', async () => {
  for (const method of ['listVideoModels', 'constructor', '', undefined]) {
    const failure = await harness.invoke(method, source());
    assert.equal(failure.status, 'failed');
    assert.match(failure.errorMessage, /no such method. It has listModels/);
  }
  assert.deepEqual(mockApi.requests, []);
});

test('limits a request of the form to 15 seconds', async () => {
  const plugin = new (loadPlugin(readFileSync(PLUGIN, 'utf8'), { loader: 'E' }))();
  const asked = [];
  plugin.run = async (...options) => {
    asked.push(options);
    return { status: 'ok', data: [] };
  };
  const options = source({ timeout_seconds: '600' });
  assert.deepEqual({ ...(await plugin.invokeMethod('listModels', {}, options)) }.data, []);
  const [[sourceOptions, query]] = asked;
  assert.equal(sourceOptions, options);
  assert.deepEqual(
    { ...query },
    { operation: 'list_models', purpose: 'all', query_timeout: 15_000 },
  );
});
