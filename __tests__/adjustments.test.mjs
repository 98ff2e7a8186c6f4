// Models that reject options: the plugin adjusts the request after the API's response, once per
// parameter.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startMockApi } from '../mock-api/server.mjs';
import { apiError, fail, MINIMAL_QUERIES, mockApi, succeed, takesEverything } from './plugin.mjs';

const removed = (parameter) => ({ parameter, change: 'removed' });
const renamed = (from, to) => ({ parameter: from, change: 'renamed', to });
const CUT_HERE = { parameter: 'stop', change: 'applied by the plugin' };
const asRole = (from, to) => ({ parameter: 'role', change: `${from} sent as ${to}` });

const DEVELOPER = [{ role: 'developer', content: 'Be brief.' }];
const EVERYTHING = {
  max_tokens: 60,
  stop_sequence: 'never',
  temperature: 0.5,
  top_p: 0.5,
  frequency_penalty: 1,
  presence_penalty: 1,
  message_history: DEVELOPER,
};

/** The query for each model of the mock API, and the adjustments that it needs. */
const STRICT = {
  temperature: [{ temperature: 0.5 }, [removed('temperature')]],
  'top-p': [{ top_p: 0.5 }, [removed('top_p')]],
  stop: [{ stop_sequence: 'France' }, [CUT_HERE]],
  'max-tokens': [{ max_tokens: 60 }, [renamed('max_tokens', 'max_completion_tokens')]],
  'max-completion-tokens': [
    { extra_body: { max_completion_tokens: 60 } },
    [renamed('max_completion_tokens', 'max_tokens')],
  ],
  penalties: [
    { frequency_penalty: 1, presence_penalty: 1 },
    [removed('frequency_penalty'), removed('presence_penalty')],
  ],
  'developer-role': [{ message_history: DEVELOPER }, [asRole('developer', 'system')]],
  'system-role': [{ system_prompt: 'Be brief.' }, [asRole('system', 'developer')]],
  everything: [
    EVERYTHING,
    [
      asRole('developer', 'system'),
      renamed('max_tokens', 'max_completion_tokens'),
      CUT_HERE,
      removed('temperature'),
      removed('top_p'),
      removed('frequency_penalty'),
      removed('presence_penalty'),
    ],
  ],
};

const query = (name, options) => ({
  ...MINIMAL_QUERIES.chat,
  model: `mock-api-strict-${name}`,
  ...options,
});

describe('adjusting to the model', () => {
  for (const [name, [options, changes]] of Object.entries(STRICT)) {
    test(`adjusts to a model that rejects ${name} once, and sends the adjusted request first from then on`, async () => {
      const { metadata } = await succeed(query(name, options));
      assert.deepEqual(metadata.adjusted, changes);
      assert.equal(mockApi.requests.length, 1 + changes.length);
      assert.equal(metadata.attempts, 1 + changes.length);

      mockApi.reset();
      const again = await succeed(query(name, options));
      assert.deepEqual(again.metadata.adjusted, changes);
      assert.equal(mockApi.requests.length, 1);
    });

    test(`changes nothing for a model that rejects ${name} when none of that is set`, async () => {
      mockApi.reset();
      const { metadata } = await succeed(query(name));
      assert.equal(mockApi.requests.length, 1);
      assert.ok(!('adjusted' in metadata));
    });
  }
});

test('applies what it cached for one model to no other model and no other server', async (t) => {
  const other = await startMockApi();
  t.after(() => other.close());
  const options = { temperature: 0.5 };
  await succeed(query('temperature', options));
  mockApi.reset();
  await succeed({ ...MINIMAL_QUERIES.chat, model: 'gpt-4o', ...options });
  assert.equal(mockApi.requests[0].body.temperature, 0.5);
  await succeed(query('temperature', options), { base_url: other.baseUrl });
  assert.equal(other.requests.length, 2);
});

test('adjusts the first request when the capabilities of the model are known', async () => {
  const { metadata } = await succeed({
    ...MINIMAL_QUERIES.chat,
    model: 'gpt-6-astra',
    temperature: 0.2,
    stop_sequence: 'END',
    frequency_penalty: 1,
    max_tokens: 500,
    reasoning_effort: 'low',
  });
  assert.equal(mockApi.requests.length, 1);
  const { body } = mockApi.requests[0];
  assert.deepEqual(Object.keys(body).sort(), [
    ...['max_completion_tokens', 'messages', 'model', 'reasoning_effort', 'stream'],
  ]);
  assert.deepEqual(metadata.adjusted, [
    removed('temperature'),
    CUT_HERE,
    removed('frequency_penalty'),
  ]);
});

test('adjusts Completions requests like Chat requests', async () => {
  const refusal = apiError(400, { param: 'seed', code: 'unsupported_parameter' });
  mockApi.respondWith([refusal]);
  const { metadata } = await succeed({ ...MINIMAL_QUERIES.completion, seed: 1 });
  assert.deepEqual(metadata.adjusted, [removed('seed')]);
  assert.equal(mockApi.requests.length, 2);
});

describe('stop sequences that the model rejects', () => {
  const COUNT = { prompt: 'Count from one to ten.' };

  test('applies stop sequences to the answer when the model rejects them', async () => {
    for (const [stop_sequence, text] of [
      [' four', 'One, two, three,'],
      [['seven', ' five'], 'One, two, three, four,'],
      ['not there', 'One, two, three, four, five, six, seven, eight, nine, ten.'],
    ]) {
      const { data } = await succeed(query('stop', { ...COUNT, stop_sequence }));
      assert.equal(data, text);
    }
  });

  test('applies stop sequences to each of several answers when the model rejects them', async () => {
    const { data } = await succeed(query('stop', { ...COUNT, n: 2, stop_sequence: ['e', 'o'] }));
    assert.equal(data.length, 2);
    for (const text of data) assert.doesNotMatch(text, /[eo]/);
  });

  test('does not apply stop sequences when the model accepts them', async () => {
    mockApi.respondWith({
      body: { choices: [{ message: { content: 'a STOP b' }, finish_reason: 'stop' }] },
    });
    const taken = await succeed({ ...MINIMAL_QUERIES.chat, model: 'any', stop_sequence: 'STOP' });
    assert.equal(taken.data, 'a STOP b');
  });
});

describe('parameters that carry the query', () => {
  const asked = {
    response_format: { response_format: 'json_object', prompt: 'As JSON.' },
    messages: {},
    tools: { extra_body: { tools: [{ type: 'function', function: { name: 'f' } }] } },
    n: { n: 2 },
    model: {},
  };
  for (const [param, options] of Object.entries(asked)) {
    for (const code of ['unsupported_parameter', 'unsupported_value', null]) {
      test(`fails when the model rejects ${param} with the code ${code}`, async () => {
        const message = `Unsupported parameter: '${param}' is not supported with this model.`;
        mockApi.respondWith(apiError(400, { message, param, code }));
        const { data } = await fail({ ...MINIMAL_QUERIES.chat, model: `no-${param}`, ...options });
        assert.equal(data.param, param);
        assert.equal(mockApi.requests.length, 1);
      });
    }
  }

  test('fails when the API rejects suffix or prompt of Completions without naming a parameter', async () => {
    for (const name of ['suffix', 'prompt']) {
      mockApi.reset();
      const message = `Unrecognized request argument supplied: ${name}`;
      mockApi.respondWith(apiError(400, { message }));
      const { description } = await fail({ ...MINIMAL_QUERIES.completion, suffix: 'the end.' });
      assert.match(description, new RegExp(message));
      assert.equal(mockApi.requests.length, 1);
    }
  });
});

test('fails when no model would accept the value', async () => {
  for (const [param, code, message] of [
    ['max_tokens', 'integer_above_max_value', 'Expected a value <= 16384, but got 999999.'],
    ['max_tokens', null, 'max_tokens is too large: 999999.'],
    ['temperature', 'decimal_above_max_value', 'Expected a value <= 1, but got 2.'],
    ['stop', 'invalid_type', 'Expected a string.'],
  ]) {
    mockApi.reset();
    mockApi.respondWith(apiError(400, { param, code, message }));
    const options = { max_tokens: 999_999, temperature: 2, stop_sequence: 'x' };
    await fail({ ...MINIMAL_QUERIES.chat, model: 'picky', ...options });
    assert.equal(mockApi.requests.length, 1, message);
  }
});

test('fails after one request per parameter when the server rejects every request', async () => {
  mockApi.respondWith(({ body }) => {
    const param = ['temperature', 'top_p', 'max_completion_tokens', 'max_tokens'].find(
      (name) => name in body,
    );
    return apiError(400, { param: param ?? 'temperature', code: 'unsupported_parameter' });
  });
  const options = { temperature: 1, top_p: 1, max_tokens: 9 };
  const { data } = await fail({ ...MINIMAL_QUERIES.chat, model: 'discontent', ...options });
  assert.equal(mockApi.requests.length, 4);
  assert.equal(data.attempts, 4);
});

test('adjusts only after a rejection of the request, not after other failures', async () => {
  for (const status of [401, 403, 404, 429, 500]) {
    mockApi.reset();
    mockApi.respondWith(apiError(status, { param: 'temperature', code: 'unsupported_value' }));
    await fail({ ...MINIMAL_QUERIES.chat, model: 'any', temperature: 1 }, { max_retries: 0 });
    assert.equal(mockApi.requests.length, 1, `HTTP ${status}`);
  }
  mockApi.respondWith(takesEverything);
  const { metadata } = await succeed({ ...MINIMAL_QUERIES.chat, model: 'any', temperature: 1 });
  assert.ok(!('adjusted' in metadata));
});

test('turns reasoning off for tools when the model has an effort by default', async () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
  // One that the plugin knows, and one by a name that it does not.
  for (const [model, requests] of [
    ['gpt-6-luna', 1],
    ['chat-of-tomorrow', 2],
  ]) {
    mockApi.reset();
    mockApi.respondWith((request) =>
      request.body.reasoning_effort === 'none'
        ? takesEverything(request)
        : apiError(400, {
            message: `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.`,
            param: 'reasoning_effort',
          }),
    );
    const options = { temperature: 0.5, extra_body: { tools } };
    const { metadata } = await succeed({ ...MINIMAL_QUERIES.chat, model, ...options });
    assert.deepEqual(metadata.adjusted, [
      { parameter: 'reasoning_effort', change: 'set', to: 'none' },
    ]);
    assert.equal(mockApi.requests.length, requests);
    assert.equal(mockApi.requests.at(-1).body.temperature, 0.5);
  }
});

test('puts the instructions before the prompt when a server takes no system role', async () => {
  mockApi.respondWith((request) =>
    request.body.messages.some(({ role }) => role !== 'user')
      ? apiError(400, { message: 'System role not supported', type: 'BadRequestError', code: 400 })
      : takesEverything(request),
  );
  const { metadata } = await succeed({
    ...MINIMAL_QUERIES.chat,
    model: 'gemma',
    prompt: 'Hi',
    system_prompt: 'Be kind.',
  });
  assert.deepEqual(mockApi.requests[1].body.messages, [
    { role: 'user', content: 'Be kind.\n\nHi' },
  ]);
  assert.deepEqual(metadata.adjusted, [
    { parameter: 'role', change: "instructions placed before the user's text" },
  ]);
});
