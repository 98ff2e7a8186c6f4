// Every field of Chat over both endpoints: requests match OpenAI's document, and the result is the
// same or differs as the table says.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listFields } from './forms.mjs';
import { asksForWeather, PIXEL, pdf } from './mock-api/variants.mjs';
import { validateRequest } from './openapi.mjs';
import { fail, mockApi, refuse, succeed } from './plugin.mjs';

const CHAT = { api: 'chat_completions' };
const RESPONSES = { api: 'responses' };
const PATHS = new Map([
  [CHAT, '/v1/chat/completions'],
  [RESPONSES, '/v1/responses'],
]);

const base64 = (text) => Buffer.from(text).toString('base64');
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const weather = { name: 'get_weather', parameters: SCHEMA };

/**
 * By field: the options that use it, and known differences over the Responses API. `removed`:
 * parameters that it lacks, which metadata lists. `costs`: why the tokens differ. `says`: why the
 * answer differs. `only`: Chat Completions lacks it, and the query says so. `without`: the
 * Responses API lacks it, and the query says so.
 */
const FIELDS = {
  model: { use: { model: 'gpt-6-sol' } },
  prompt: { use: { prompt: [{ type: 'text', text: 'What is the capital of Italy?' }] } },
  system_prompt: { use: { system_prompt: 'Continue the text.', prompt: 'Once upon a time' } },
  message_history: {
    use: {
      message_history: [
        { role: 'user', content: 'My name is Ada.' },
        { role: 'assistant', content: 'Hello Ada.' },
      ],
      prompt: 'What is my name?',
    },
  },
  images: {
    use: {
      images: [
        PIXEL,
        { name: 'a.pdf', type: 'application/pdf', base64Data: base64(pdf('Invoice 4711')) },
      ],
    },
  },
  response_format: { use: { prompt: 'As JSON: the capital?', response_format: 'json_object' } },
  json_schema: { use: { response_format: 'json_schema', json_schema: SCHEMA } },
  max_tokens: { use: { model: 'gpt-6-sol', max_tokens: 66 } },
  temperature: { use: { temperature: 0 } },
  top_p: { use: { top_p: 0.5 } },
  stop_sequence: {
    use: { stop_sequence: ' is' },
    removed: ['stop'],
    costs: 'the plugin truncates the answer after the model has finished it',
  },
  suffix: {
    use: { prompt: 'Dear Ms Berger,', suffix: 'Kind regards,\nThe support team' },
  },
  result: { use: { result: 'details' } },
  api: { use: {} },
  reasoning_effort: { use: { model: 'gpt-6-sol', reasoning_effort: 'high' } },
  reasoning_summary: {
    use: { model: 'gpt-6-sol', reasoning_summary: 'auto' },
    only: 'a summary of the reasoning',
  },
  reasoning_mode: {
    use: { model: 'gpt-6-sol', reasoning_mode: 'pro' },
    only: 'a mode of reasoning',
  },
  verbosity: { use: { model: 'gpt-6-sol', verbosity: 'low' } },
  web_search: { use: { web_search: 'on' }, only: 'web search' },
  search_context_size: {
    use: { web_search: 'on', search_context_size: 'low' },
    only: 'web search',
  },
  search_domains: { use: { web_search: 'on', search_domains: 'example.com' }, only: 'web search' },
  search_country: { use: { web_search: 'on', search_country: 'DE' }, only: 'web search' },
  tools: { use: { prompt: asksForWeather, tools: [weather] } },
  tool_choice: { use: { tools: [weather], tool_choice: 'get_weather' } },
  moderation: { use: { prompt: 'I will hurt you. What is 2 + 2?', moderation: 'both' } },
  image_detail: { use: { images: PIXEL, image_detail: 'low' } },
  n: { use: { n: 2 }, without: /^Number of results must be 1 with the Responses API/ },
  frequency_penalty: { use: { frequency_penalty: 1 }, removed: ['frequency_penalty'] },
  presence_penalty: { use: { presence_penalty: 1 }, removed: ['presence_penalty'] },
  seed: { use: { seed: 1 }, removed: ['seed'], says: 'without its seed, it is the usual one' },
  service_tier: { use: { service_tier: 'flex' } },
  prompt_cache_key: { use: { prompt_cache_key: 'k' } },
  safety_identifier: { use: { safety_identifier: 's' } },
  metadata: { use: { metadata: { ticket: '42' } } },
  extra_body: { use: { extra_body: { user: 'u' } } },
};

const ask = (use) => ({
  operation: 'chat',
  model: 'gpt-4o',
  prompt: 'What is the capital of France?',
  ...use,
});

/** Runs a query over one endpoint; its request must match OpenAI's document. */
async function over(api, use) {
  const before = mockApi.requests.length;
  const result = await succeed(ask({ ...use, ...api }));
  assert.equal(mockApi.requests.length, before + 1);
  const { method, path, body } = mockApi.requests.at(-1);
  assert.equal(path, PATHS.get(api));
  assert.deepEqual(validateRequest(method, path, body), []);
  return { ...result, body };
}

/** The user's result, without technical details. */
const answerOf = ({ data, metadata }) => ({
  data: data?.endpoint ? data.answer : data,
  finish_reason: metadata.finish_reason,
  tool_calls: metadata.tool_calls,
  moderation: metadata.moderation,
});

/** The counters that both endpoints have. */
const costOf = ({ metadata: { usage } }) => ({
  prompt_tokens: usage.prompt_tokens,
  completion_tokens: usage.completion_tokens,
  total_tokens: usage.total_tokens,
  reasoning_tokens: usage.completion_tokens_details.reasoning_tokens,
});

const removedOf = ({ metadata: { adjusted = [] } }) =>
  adjusted.filter(({ change }) => change !== 'renamed').map(({ parameter }) => parameter);

describe('Chat over both endpoints', () => {
  const keys = listFields('chat').map(({ key }) => key);

  test('has each field of the form in the table', () => {
    assert.deepEqual(keys.toSorted(), Object.keys(FIELDS).toSorted());
  });

  for (const key of keys) {
    const { use, only, without, removed = [], costs, says } = FIELDS[key] ?? {};

    test(`returns the same result, or the difference in the table, for ${key}`, async () => {
      const responses = without ? undefined : await over(RESPONSES, use);
      if (without) {
        assert.match(await refuse(ask({ ...use, ...RESPONSES })), without);
      }
      if (only) {
        const { data } = await fail(ask({ ...use, ...CHAT }));
        assert.equal(data.code, 'invalid_option');
        assert.match(data.message, new RegExp(`needs the Responses API \\(for ${only}\\)`));
        assert.equal(mockApi.requests.length, 1);
        return;
      }
      const chat = await over(CHAT, use);
      if (without) return;
      assert.deepEqual(removedOf(responses), removed);
      if (says) assert.notDeepEqual(answerOf(responses), answerOf(chat), says);
      else assert.deepEqual(answerOf(responses), answerOf(chat));
      if (costs) assert.notDeepEqual(costOf(responses), costOf(chat), costs);
      else if (!says) assert.deepEqual(costOf(responses), costOf(chat));
    });
  }
});
