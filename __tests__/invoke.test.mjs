// The lists that the form of a ToolJet 3 asks for by `invokeMethod`, as its dynamic-selector reads them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import humps from 'humps';
import { operationsForm } from '../forms/operations-json.mjs';
import { loadPlugin } from '../harness/loaders.mjs';
import { apiError, harness, mockApi, PLUGIN, source } from './plugin.mjs';

/** The items that the selector shows: in its first releases, and since it takes a bare list as well. */
const READERS = [
  (response) => (response?.data ?? response)?.data || [],
  (response) => {
    const payload = response?.data ?? response;
    return Array.isArray(payload) ? payload : payload?.data || [];
  },
];

const respond = (data) =>
  mockApi.respondWith({ headers: { 'content-type': 'application/json' }, body: { data } });

test('gives each method of the form its models, with nothing else to keep in the query', async () => {
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

test('answers every method that the exported form names, also after ToolJet de-camelized it', async () => {
  const form = JSON.stringify(humps.decamelizeKeys(operationsForm({ listsModels: true })));
  const methods = [...form.matchAll(/"invoke_method":"(\w+)"/g)].map(([, method]) => method);
  assert.ok(new Set(methods).size > 2, methods.join());
  for (const method of new Set(methods)) {
    assert.equal((await harness.invoke(method, source(), { search: 'a' })).status, 'ok', method);
  }
});

test('says why in the one text that the form shows when the models cannot be listed', async () => {
  mockApi.respondWith(apiError(401, { message: 'Incorrect API key.', code: 'invalid_api_key' }));
  const failure = await harness.invoke('listModels', source());
  assert.equal(failure.status, 'failed');
  assert.match(
    failure.errorMessage,
    /^The API returned HTTP 401 \(invalid_api_key\): Incorrect API key/,
  );
  assert.equal(failure.data.code, 'invalid_api_key');
});

test('names its methods when another is asked for', async () => {
  for (const method of ['listVideoModels', 'constructor', '', undefined]) {
    const failure = await harness.invoke(method, source());
    assert.equal(failure.status, 'failed');
    assert.match(failure.errorMessage, /no such method. It has listModels/);
  }
  assert.deepEqual(mockApi.requests, []);
});

test('asks with a timeout of 15 seconds when a form waits', async () => {
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
