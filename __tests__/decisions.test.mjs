// Decide on a server without that endpoint: chat answers the same question, and metadata says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINIMAL_QUERIES, mockApi, succeed } from './plugin.mjs';

const NOT_THERE = { status: 404, body: { detail: 'Not Found' } };
const chat = (content) => ({
  body: {
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  },
});

test('asks a chat model with a strict schema when the server has no endpoint for decisions', async () => {
  mockApi.respondWith(({ path }) =>
    path.endsWith('/decisions') ? NOT_THERE : chat('{"q1": 0.75}'),
  );
  const { data, metadata } = await succeed(MINIMAL_QUERIES.decision);
  assert.deepEqual(data, { answer: true, probability: 0.75 });
  assert.equal(metadata.endpoint, 'chat/completions');
  assert.equal(metadata.attempts, 2);
  const { path, body } = mockApi.requests.at(-1);
  assert.equal(path, '/v1/chat/completions');
  const { strict, schema } = body.response_format.json_schema;
  assert.equal(strict, true);
  assert.deepEqual(schema.required, ['q1']);
});

test('decides in one request when the server has the endpoint', async () => {
  const { data, metadata } = await succeed({ ...MINIMAL_QUERIES.decision, input: 'Hurry up!' });
  assert.deepEqual(data, { answer: true, probability: 0.9 });
  assert.deepEqual([metadata.endpoint, metadata.attempts], ['decisions', 1]);
  assert.equal(mockApi.requests.length, 1);
});
