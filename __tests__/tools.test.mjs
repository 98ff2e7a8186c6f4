// Function tools: what the form sends to the API, how an app binds a call, and how a tool's result
// is sent back.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { validateRequest } from './openapi.mjs';
import { mockApi, refuse, sent, succeed } from './plugin.mjs';

const QUESTION = 'What is the weather in Oslo?';
const SHORT = {
  get_weather: { city: 'the city, such as Oslo', unit: ['celsius', 'fahrenheit'] },
};
const PARAMETERS = {
  type: 'object',
  properties: {
    city: { type: 'string', description: 'the city, such as Oslo' },
    unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
  },
  required: ['city', 'unit'],
  additionalProperties: false,
};
const ask = (options) => ({ operation: 'chat', prompt: QUESTION, tools: SHORT, ...options });

/** Returns the body of a query's only request, which must match OpenAI's document. */
async function body(query) {
  const { path, body } = await sent(query);
  assert.deepEqual(validateRequest('POST', path, body), []);
  return body;
}

describe('a function that the model may call', () => {
  const FUNCTION = { name: 'get_weather', parameters: PARAMETERS, strict: true };
  const ROUTES = {
    chat_completions: {
      tools: [{ type: 'function', function: FUNCTION }],
      choice: { type: 'function', function: { name: 'get_weather' } },
    },
    responses: {
      tools: [{ type: 'function', ...FUNCTION }],
      choice: { type: 'function', name: 'get_weather' },
    },
  };

  for (const [api, route] of Object.entries(ROUTES)) {
    test(`sends a function in its short form, and the chosen one, through ${api}`, async () => {
      const query = ask({ api, tool_choice: 'get_weather' });
      const { tools, tool_choice } = await body(query);
      assert.deepEqual(tools, route.tools);
      assert.deepEqual(tool_choice, route.choice);
    });

    test(`returns a bindable call, and answers from the tool's result, through ${api}`, async () => {
      const { data, metadata } = await succeed(ask({ api }));
      assert.equal(data, null);
      assert.equal(metadata.finish_reason, 'tool_calls');
      const [call] = metadata.tool_calls;
      assert.equal(call.name, 'get_weather');
      assert.deepEqual(Object.keys(call.arguments), ['city', 'unit']);
      assert.deepEqual(JSON.parse(call.function.arguments), call.arguments);

      const message_history = [
        { role: 'user', content: QUESTION },
        { role: 'assistant', tool_calls: metadata.tool_calls },
        { role: 'tool', tool_call_id: call.id, content: { degrees: 12 } },
      ];
      const { data: answer } = await succeed(ask({ api, prompt: '', message_history }));
      assert.equal(answer, 'The result is: {"degrees":12}');
      await body(ask({ api, prompt: '', message_history: JSON.stringify(message_history) }));
    });
  }

  test('sends the same function in each shape', async () => {
    const { tools: expected } = await body(ask({ api: 'chat_completions' }));
    for (const tools of [
      JSON.stringify(SHORT),
      [{ name: 'get_weather', parameters: SHORT.get_weather }],
      [{ type: 'function', function: { name: 'get_weather', parameters: PARAMETERS } }],
      [{ type: 'function', name: 'get_weather', parameters: PARAMETERS, strict: true }],
    ]) {
      assert.deepEqual((await body(ask({ api: 'chat_completions', tools }))).tools, expected);
    }
  });

  test('has null as arguments when the model wrote no JSON', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"city": "Os' } };
    const message = { role: 'assistant', content: null, tool_calls: [call] };
    mockApi.respondWith(() => ({ body: { choices: [{ message, finish_reason: 'length' }] } }));
    const { metadata } = await succeed(ask({ api: 'chat_completions' }));
    assert.deepEqual(metadata.tool_calls, [{ ...call, name: 'f', arguments: null }]);
  });

  test('is not sent while Advanced is off', async () => {
    const { tools } = await body(ask({ advanced: 'off' }));
    assert.equal(tools, undefined);
  });

  for (const [options, description] of [
    [
      { tools: [{ name: 'get weather' }] },
      'Tools[0] must have a name of 1 to 64 letters, digits, _ or -, got "get weather".',
    ],
    [{ tools: ['a', 'a'] }, 'Tools[1] has the name of another tool, "a".'],
    [
      { tools: [{ name: 'a', parameters: { type: ['object', 'null'] } }] },
      'Tools[0].parameters must have the type "object" at the top.',
    ],
    [
      { tool_choice: 'get_whether' },
      'Tool choice must be auto, none, required or the name of one of the tools, got "get_whether".',
    ],
    [
      { tools: [], tool_choice: 'required' },
      'Tool choice is required, but there is no tool. Fill in Tools, or set Web search to On.',
    ],
  ]) {
    test(`fails before sending:  ${description}`, async () => {
      assert.equal(await refuse(ask(options)), description);
    });
  }
});
