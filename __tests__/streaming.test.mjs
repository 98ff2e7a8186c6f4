// The data source setting Streaming, with the mock API as the server that streams.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { validateRequest } from './openapi.mjs';
import { fail, MINIMAL_QUERIES, mockApi, run, succeed } from './plugin.mjs';

const ON = { streaming: 'on' };
const { chat, completion } = MINIMAL_QUERIES;
const RESPONSES = { ...chat, api: 'responses' };
const SERVED = { model: 'mock-api-instruct', engine: 'completions' };

/** By what is special about them: queries whose results must not depend on Streaming. */
const QUERIES = {
  'a chat': chat,
  'several answers': { ...chat, n: 3 },
  'a JSON answer': { ...chat, prompt: 'As JSON: hi', response_format: 'json_object' },
  'log probabilities': { ...chat, extra_body: { logprobs: true, top_logprobs: 2 } },
  'a truncated answer': { ...chat, max_tokens: 3 },
  'a completion': { ...completion, ...SERVED },
  'an echo with log probabilities': { ...completion, ...SERVED, echo: true, logprobs: 2, n: 2 },
  'the best of several': { ...completion, ...SERVED, best_of: 3 },
  'a chat over Responses': RESPONSES,
  'moderated answers': { ...chat, n: 2, moderation: 'both' },
  'a moderated answer of Responses': { ...RESPONSES, moderation: 'output' },
  'a truncated answer of Responses': { ...RESPONSES, max_tokens: 67, model: 'gpt-6-sol' },
  'log probabilities of Responses': {
    ...RESPONSES,
    model: 'gpt-4.1',
    extra_body: { logprobs: true, top_logprobs: 2 },
  },
  'a search': { ...RESPONSES, web_search: 'on' },
  'a call': {
    ...RESPONSES,
    prompt: 'What is the weather like?',
    tools: { get_weather: { city: 'string' } },
  },
  'a summary of the reasoning': { ...RESPONSES, model: 'gpt-6-sol', reasoning_summary: 'auto' },
  'a completion through chat': { ...completion, model: 'gpt-5.4-mini', engine: 'chat' },
};

afterEach(() => mockApi.reset());

for (const [name, query] of Object.entries(QUERIES)) {
  test(`returns the same result with Streaming for ${name}`, async () => {
    const [off, on] = [await succeed(query), await succeed(query, ON)];
    for (const { metadata } of [off, on]) {
      delete metadata.id;
      delete metadata.request_id;
      delete metadata.duration_ms;
    }
    assert.deepEqual(on, off);
    const [whole, streamed] = mockApi.requests.map(({ body }) => body);
    assert.deepEqual([whole.stream, streamed.stream], [false, query.best_of === undefined]);
    const path = mockApi.requests[1].path;
    assert.deepEqual(validateRequest('POST', path, streamed), []);
  });
}

test('returns the start of an answer when its stream is cut, and does not retry', async () => {
  const start = 'data: {"choices":[{"index":0,"delta":{"content":"Half"}}]}\n\n';
  const body = start + 'x'.repeat(start.length + 2);
  mockApi.respondWith({ fault: 'cut', headers: { 'content-type': 'text/event-stream' }, body });
  const { description, data } = await fail(chat, ON);
  assert.deepEqual([data.partial, data.attempts, mockApi.requests.length], ['Half', 1, 1]);
  assert.match(description, /The text so far is in data\.partial\./);
});

test('returns the start of a Responses answer or its reasoning when its stream breaks off', async () => {
  const stream = (events) => ({
    headers: { 'content-type': 'text/event-stream' },
    body: events
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join(''),
  });
  const thought = { type: 'response.reasoning_summary_text.delta', output_index: 0, delta: 'Hm' };
  const piece = { type: 'response.output_text.delta', output_index: 1, delta: 'Half' };
  const response = { status: 'failed', error: { code: 'invalid_prompt', message: 'It broke.' } };
  for (const [events, partial, reasoning, words] of [
    [[thought, piece], 'Half', undefined, /text so far is in data\.partial/],
    [[thought], undefined, 'Hm', /reasoning so far is in data\.reasoning/],
    [
      [piece, { type: 'error', code: 'invalid_prompt', message: 'It broke.' }],
      'Half',
      undefined,
      /It broke/,
    ],
    [[piece, { type: 'response.failed', response }], 'Half', undefined, /It broke/],
  ]) {
    mockApi.reset();
    mockApi.respondWith(stream(events));
    const { description, data } = await fail(RESPONSES, ON);
    assert.deepEqual([data.partial, data.reasoning], [partial, reasoning]);
    assert.match(description, words);
    assert.equal(mockApi.requests.length, 1);
  }
});

test('reads the answer of a server that omits the output from its last event', async () => {
  mockApi.respondWith(async ({ headers, body, path }) => {
    const { origin } = new URL(mockApi.url);
    mockApi.respondWith(undefined);
    const asked = await fetch(origin + path, {
      method: 'POST',
      headers: { authorization: headers.authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const events = (await asked.text()).split('\n\n').slice(0, -1);
    const last = JSON.parse(events.pop().split('\ndata: ')[1]);
    last.response.output = [];
    events.push(`data: ${JSON.stringify(last)}`);
    return { headers: { 'content-type': 'text/event-stream' }, body: events.join('\n\n') };
  });
  const { data, metadata } = await succeed({ ...RESPONSES, web_search: 'on' }, ON);
  assert.match(data, /^The capital of France is Paris\. \(\[/);
  assert.equal(metadata.sources.length, 2);
});

test('does not stream, and says so, when a server rejects it', async () => {
  const message = 'Streaming is not supported by this model.';
  mockApi.respondWith([{ status: 400, body: { error: { message } } }]);
  const { metadata } = await succeed({ ...chat, model: 'gpt-5.4-mini' }, ON);
  assert.deepEqual(metadata.adjusted, [{ parameter: 'stream', change: 'removed' }]);
});

test('requests no stream when the result is not text', async () => {
  for (const operation of ['generate_embedding', 'image_generation']) {
    await run(MINIMAL_QUERIES[operation], ON);
  }
  assert.deepEqual(
    mockApi.requests.map(({ body }) => body.stream),
    [undefined, undefined],
  );
});
