// What broke for others when they moved Chat to the Responses API, and must not break here.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { validateRequest } from './openapi.mjs';
import { apiError, fail, MINIMAL_QUERIES, mockApi, refuse, sent, succeed } from './plugin.mjs';

const { chat } = MINIMAL_QUERIES;
const CHAT = '/v1/chat/completions';
const RESPONSES = '/v1/responses';
const OVER_RESPONSES = { ...chat, api: 'responses' };

const paths = () => mockApi.requests.map(({ path }) => path);

/** For `respondWith`: a server that has only Chat Completions. */
const lacksResponses = ({ path }) =>
  path === RESPONSES ? { status: 404, body: { detail: 'Not Found' } } : undefined;

describe('the switch to the Responses API', () => {
  test('sends a plain Chat query only to Chat Completions, as before', async () => {
    const { path, text } = await sent({ ...chat, model: 'gpt-5.4-mini' });
    assert.equal(path, CHAT);
    assert.equal(
      text,
      '{"model":"gpt-5.4-mini","messages":[{"role":"user","content":"What is the capital of France?"}],"stream":false}',
    );
  });

  test('uses the Responses API only for a model that needs it, and at once from then on', async () => {
    const query = { ...chat, model: 'gpt-5.5-pro' };
    const { data, metadata } = await succeed(query, { organizationId: 'org-mock-api' });
    assert.equal(data, 'The capital of France is Paris.');
    assert.deepEqual([metadata.endpoint, paths()], ['responses', [CHAT, RESPONSES]]);
    await succeed(query, { organizationId: 'org-mock-api' });
    assert.deepEqual(paths(), [CHAT, RESPONSES, RESPONSES]);
  });

  test('never uses the Responses API when it is turned off', async () => {
    const { description } = await fail({
      ...chat,
      model: 'gpt-5.3-codex',
      api: 'chat_completions',
    });
    assert.match(description, /only supported in v1\/responses/);
    assert.deepEqual(paths(), [CHAT]);
  });
});

describe('metadata with values of more than 512 characters', () => {
  const metadata = { note: 'x'.repeat(513) };

  test('names the field before anything is sent', async () => {
    assert.match(await refuse({ ...OVER_RESPONSES, metadata }), /^Metadata\b.*512 characters/s);
  });

  test("shows the API's error for metadata in Extra body", async () => {
    const { description, data } = await fail({ ...OVER_RESPONSES, extra_body: { metadata } });
    assert.equal(data.code, 'string_above_max_length');
    assert.match(description, /maximum length 512/);
  });
});

describe('structured output', () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } } };

  test("returns parsed JSON for a schema, which is sent in the endpoint's shape", async () => {
    const query = { ...OVER_RESPONSES, response_format: 'json_schema', json_schema: schema };
    const { data } = await succeed(query);
    assert.deepEqual(data, { city: 'Paris' });
    const { format } = mockApi.requests[0].body.text;
    assert.deepEqual([format.type, format.name], ['json_schema', 'response']);
    assert.deepEqual(validateRequest('POST', RESPONSES, mockApi.requests[0].body), []);
  });

  test('keeps the word JSON in the input, where the API looks for it', async () => {
    for (const system_prompt of [undefined, 'Answer in JSON.']) {
      const query = { ...OVER_RESPONSES, response_format: 'json_object', system_prompt };
      assert.equal(typeof (await succeed(query)).data, 'object');
    }
  });
});

describe('an incomplete answer', () => {
  const MODEL = { model: 'gpt-6-sol' };

  test('returns the text so far with the finish reason length', async () => {
    const { data, metadata } = await succeed({ ...OVER_RESPONSES, ...MODEL, max_tokens: 67 });
    assert.deepEqual([data, metadata.finish_reason], ['The capital of', 'length']);
  });

  test('names the token limit when reasoning used it up', async () => {
    const { data, description } = await fail({ ...OVER_RESPONSES, ...MODEL, max_tokens: 20 });
    assert.equal(data.code, 'tokens_spent_on_reasoning');
    assert.match(description, /Max tokens/);
  });

  test('reports that a filter or the model withheld the answer', async () => {
    const codes = { 'mock-api-filters': 'content_filter', 'mock-api-refuses': 'refusal' };
    for (const [model, code] of Object.entries(codes)) {
      for (const api of ['chat_completions', 'responses']) {
        assert.equal((await fail({ ...chat, model, api })).data.code, code, `${model} ${api}`);
      }
    }
  });

  test("fails with the API's message when it failed with HTTP 200", async () => {
    const query = { ...OVER_RESPONSES, model: 'mock-api-fails' };
    const { data } = await fail(query, { max_retries: 0 });
    assert.deepEqual([data.code, data.status], ['server_error', 500]);
    assert.match(data.message, /The server had an error while processing your request/);
  });
});

test('counts tokens under the names of Chat Completions, reasoning and cache included', async () => {
  const { metadata } = await succeed({ ...OVER_RESPONSES, model: 'gpt-6-sol' });
  const { usage } = metadata;
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  assert.equal(usage.completion_tokens_details.reasoning_tokens, 64);
  assert.equal(usage.prompt_tokens_details.cached_tokens, 0);
});

test('truncates the answer at a stop sequence itself, and says so', async () => {
  const { data, metadata } = await succeed({ ...OVER_RESPONSES, stop_sequence: ' is' });
  assert.equal(data, 'The capital of France');
  assert.deepEqual(metadata.adjusted, [{ parameter: 'stop', change: 'applied by the plugin' }]);
  assert.equal(mockApi.requests[0].body.stop, undefined);
});

describe('a compatible server without the Responses API', () => {
  test('receives no request to it, whatever fails', async () => {
    const failures = [
      apiError(404, { message: 'The model `x` does not exist.', code: 'model_not_found' }),
      apiError(404, { message: 'Not Found' }),
      { status: 404, body: { detail: 'Not Found' } },
      apiError(400, { message: 'tools is not supported', param: 'tools' }),
    ];
    for (const failure of failures) {
      mockApi.reset();
      mockApi.respondWith((request) => lacksResponses(request) ?? failure);
      await fail({ ...chat, model: 'vendor/model', tools: { f: {} } }, { max_retries: 0 });
      assert.ok(!paths().includes(RESPONSES), JSON.stringify(failure.body));
    }
  });

  test('shows the first error when a gateway names an endpoint that it lacks', async () => {
    mockApi.respondWith(lacksResponses);
    const { description, data } = await fail({ ...chat, model: 'gpt-5-pro' });
    assert.match(description, /only supported in v1\/responses/);
    assert.equal(data.status, 404);
    assert.deepEqual(paths(), [CHAT, RESPONSES]);
  });
});

describe('a conversation that the API does not store', () => {
  test('stores nothing unless Extra body asks for it', async () => {
    assert.equal((await sent(OVER_RESPONSES)).body.store, false);
    const stored = await sent({ ...OVER_RESPONSES, extra_body: { store: true } });
    assert.equal(stored.body.store, true);
  });

  test('repeats earlier items without IDs that the API has not stored', async () => {
    const tools = { get_weather: { city: 'string' } };
    const first = { ...OVER_RESPONSES, model: 'gpt-6-sol', tools };
    const asked = { role: 'user', content: 'What is the weather like?' };
    const { metadata } = await succeed({ ...first, prompt: asked.content });
    const [call] = metadata.tool_calls;
    const message_history = [
      asked,
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'AA==' },
      { type: 'reasoning', id: 'rs_2', summary: [] },
      { type: 'function_call', id: 'fc_1', call_id: call.id, name: 'get_weather', arguments: '{}' },
      { role: 'tool', tool_call_id: call.id, content: '21 °C' },
    ];
    const { data } = await succeed({ ...first, prompt: '', message_history });
    assert.equal(data, 'The result is: 21 °C');
    const { input } = mockApi.requests[1].body;
    assert.deepEqual(
      input.map(({ type, id }) => [type, id]),
      [
        ['message', undefined],
        ['reasoning', undefined],
        ['function_call', undefined],
        ['function_call_output', undefined],
      ],
    );
  });
});
