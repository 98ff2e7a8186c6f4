// Every option with every type of value, at any depth: either the request matches OpenAI's
// document, or the field is named before anything is sent.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { OPERATIONS as DEFINITIONS, listFields } from './forms.mjs';
import { mutations } from './mutations.mjs';
import { MINIMAL_QUERIES, MODEL_KEYS, mockApi, REQUESTS, run, takesEverything } from './plugin.mjs';
import { violationsIn } from './violations.mjs';

beforeEach(() => mockApi.respondWith(takesEverything));

const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';
const PDF = 'data:application/pdf;base64,JVBERi0xLjQK';
const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
const samplesOf = (operation) =>
  Object.fromEntries(
    listFields(operation)
      .filter(({ key, sample }) => sample !== undefined && !key.endsWith('extra_body'))
      .map(({ key, sample }) => [key, sample]),
  );
const SAMPLES = {
  completion: {
    prompt: ['a', { type: 'text', text: 'b' }],
    max_tokens: 5,
    temperature: 0.5,
    stop_sequence: ['a', 'b'],
    suffix: 'c',
    engine: 'completions',
    n: 2,
    best_of: 2,
    top_p: 0.5,
    frequency_penalty: 1,
    presence_penalty: 1,
    echo: true,
    seed: 1,
    logprobs: 2,
    result: 'details',
  },
  chat: {
    prompt: [
      { type: 'text', text: 'as JSON' },
      { type: 'image_url', image_url: { url: PIXEL, detail: 'low' } },
      { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: PDF } },
    ],
    system_prompt: 'a',
    message_history: [
      { role: 'system', content: 'a', name: 'n' },
      { role: 'user', content: [{ type: 'text', text: 'b' }] },
      { role: 'assistant', content: null, refusal: 'no', audio: { id: 'audio_1' } },
      { role: 'assistant', content: 'c', tool_calls: [call] },
      { role: 'tool', content: 'd', tool_call_id: 'call_1' },
      { role: 'assistant', function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'e' },
      { message: 'f', type: 'message', messageId: '1' },
      { message: 'g', type: 'response', messageId: '2' },
    ],
    images: [PIXEL, { name: 'a.pdf', type: 'application/pdf', base64Data: 'JVBERi0xLjQK' }],
    image_detail: 'low',
    response_format: 'json_schema',
    json_schema: {
      name: 'n',
      description: 'd',
      strict: true,
      schema: {
        type: 'object',
        properties: { a: { type: 'array', items: { type: 'string' }, minItems: 1 } },
        required: ['a'],
        additionalProperties: false,
      },
    },
    max_tokens: 5,
    temperature: 0.5,
    stop_sequence: ['a', 'b'],
    suffix: 'h',
    api: 'auto',
    reasoning_effort: 'low',
    verbosity: 'low',
    tools: [
      { type: 'function', function: { name: 'f', description: 'd', parameters: {}, strict: true } },
      { name: 'g', parameters: { a: 'string', b: ['c', 'd'], e: [{ f: 'integer: g' }] } },
    ],
    tool_choice: 'f',
    moderation: 'both',
    n: 2,
    top_p: 0.5,
    frequency_penalty: 1,
    presence_penalty: 1,
    seed: 1,
    service_tier: 'flex',
    prompt_cache_key: 'k',
    safety_identifier: 's',
    metadata: { a: 'b' },
    result: 'details',
  },
  'chat through Responses': {
    operation: 'chat',
    api: 'responses',
    prompt: [
      { type: 'text', text: 'as JSON' },
      { type: 'image_url', image_url: { url: PIXEL } },
      { type: 'file', file: { filename: 'a.pdf', file_data: PDF } },
      { type: 'file', file: { file_url: 'https://example.com/a.docx' } },
    ],
    system_prompt: 'a',
    message_history: [
      { role: 'assistant', content: 'b', refusal: 'no', tool_calls: [call] },
      { role: 'tool', content: 'c', tool_call_id: 'call_1' },
      { type: 'reasoning', summary: [], encrypted_content: 'AA==' },
      { type: 'function_call', call_id: 'call_2', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_2', output: 'd' },
    ],
    images: [PIXEL, { name: 'a.csv', type: 'text/csv', base64Data: 'YSxi' }],
    response_format: 'json_object',
    max_tokens: 20,
    temperature: 0.5,
    metadata: { a: 'b' },
    reasoning_effort: 'low',
    reasoning_summary: 'auto',
    reasoning_mode: 'pro',
    web_search: 'on',
    search_context_size: 'low',
    search_domains: ['https://a.example/b', 'c.example'],
    search_country: 'de',
    tools: { f: { a: 'string', 'b?': ['c', 'd'] } },
    tool_choice: { type: 'function', function: { name: 'f' } },
    moderation: 'input',
  },
  image_generation: {
    prompt: ['a', { type: 'text', text: 'b' }],
    size: '1024x1024',
    quality: 'low',
    complexity: 'low',
    background: 'opaque',
    output_format: 'png',
    output_compression: 50,
    image_moderation: 'low',
    images: [PIXEL, { name: 'a.png', base64Data: 'iVBORw0KGgo=' }],
    mask: PIXEL,
    image_count: 2,
    result: 'details',
  },
  generate_embedding: {
    input: ['a', 'b'],
    dimensions: 8,
    encoding_format: 'float',
    result: 'details',
  },
  ...Object.fromEntries(
    DEFINITIONS.filter(({ trial }) => trial).map(({ value, trial }) => [
      value,
      { ...samplesOf(value), ...trial.query },
    ]),
  ),
};

/** A list sends what its operation sends, for one row with the prompt and all that a row may have. */
for (const [name, own] of [
  ['chat', { system_prompt: 'b' }],
  ['chat through Responses', { system_prompt: 'b' }],
  ['completion', { suffix: 'b' }],
]) {
  const { operation = name, prompt, ...shared } = SAMPLES[name];
  const list = `${operation}_list`;
  SAMPLES[name.replace(operation, list)] = {
    operation: list,
    ...samplesOf(list),
    ...shared,
    prompts: [{ prompt, ...own }],
  };
}

/** A batch asks each of its rows as a list does. */
for (const name of ['chat', 'chat through Responses']) {
  const { operation, prompt, ...shared } = SAMPLES[name];
  SAMPLES[name.replace('chat', 'batch_start with chat')] = {
    operation: 'batch_start',
    ...shared,
    prompts: [{ prompt, system_prompt: 'b' }],
  };
}

/** The API's own lists of words grow, so the plugin passes on what it does not know. */
const WORDS =
  /(?:^(?:reasoning_effort|verbosity|service_tier|search_context_size|quality|complexity|background|output_format|image_moderation|encoding_format|image_detail)|\.(?:type|detail|format))$/;
const isNewWord = (place, value) =>
  WORDS.test(place) && (place.includes('.') ? value === 'x' : String(value).trim() !== '');
/** Fields that an error may name when a related one is wrong. */
const RELATED = { n: ['best_of'], tools: ['tool_choice'] };

describe('a query whose options are of the wrong type or missing in one place', () => {
  for (const [name, { operation = name, ...sample }] of Object.entries(SAMPLES)) {
    const base = { ...MINIMAL_QUERIES[operation], ...sample };

    test(`has a sample of each option of ${operation}: ${name}`, () => {
      const samples = Object.entries(SAMPLES).filter(
        ([other, { operation: of = other }]) => of === operation,
      );
      const sampled = samples.flatMap(([, each]) => Object.keys(each));
      const keys = listFields(operation).map(({ key }) => key);
      const missing = keys.filter(
        (key) =>
          !sampled.includes(key) && key !== MODEL_KEYS[operation] && !key.endsWith('extra_body'),
      );
      assert.deepEqual(missing, []);
    });

    test(`is sent as in the document, or rejected by field:  ${name}`, async () => {
      const counts = { sent: 0, refused: 0 };
      const wrong = [];
      for (const { place, value, mutated } of mutations(sample)) {
        if (isNewWord(place, value)) continue;
        // A list without rows sends nothing.
        if (mutated.prompts?.length === 0 && place === 'prompts') continue;
        const told = `${place} = ${JSON.stringify(value)}`;
        const before = mockApi.requests.length;
        const result = await run({ ...base, ...mutated, [place]: mutated[place] });
        if (result.data?.code === 'invalid_option') {
          const [key] = place.split('.');
          assert.ok(
            [key, ...(RELATED[key] ?? [])].some((each) => result.data.param.startsWith(each)),
            `${told}: ${result.description}`,
          );
          assert.equal(mockApi.requests.length, before, told);
          assert.doesNotMatch(result.description, /\b(?:Some|None|Value|Number|String)\(/);
          counts.refused += 1;
          continue;
        }
        const sent = mockApi.requests.slice(before);
        assert.equal(sent.length, REQUESTS[operation] ?? 1, `${told}: ${result.description}`);
        const violations = await violationsIn(sent);
        if (violations.length > 0) wrong.push(`${told}: ${violations[0]}`);
        counts.sent += 1;
      }
      assert.deepEqual(wrong, []);
      assert.ok(counts.sent > 3 && counts.refused > 5, JSON.stringify(counts));
    });
  }
});
