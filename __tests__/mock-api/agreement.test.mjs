// Compares the mock API with OpenAI's document, for requests that are wrong in one place.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBatch } from '../../mock-api/batches.mjs';
import { chat } from '../../mock-api/chat.mjs';
import { complete } from '../../mock-api/completions.mjs';
import { ENDPOINTS as DEFINED } from '../../mock-api/endpoints.mjs';
import { generateImages } from '../../mock-api/images.mjs';
import { respond } from '../../mock-api/responses.mjs';
import { createStore } from '../../mock-api/store.mjs';
import { mutations } from '../mutations.mjs';
import { isDocumented, validateRequest } from '../openapi.mjs';
import {
  CHAT,
  COMPLETIONS,
  completion,
  conversation,
  IMAGES,
  question,
  RESPONSES,
} from './client.mjs';
import {
  asFile,
  asInputFile,
  asPerson,
  chatTool,
  flatTool,
  PERSON,
  pdf,
  said,
} from './variants.mjs';

const CONTEXT = { created: 0, origin: 'http://localhost', store: createStore(0) };
const call = (name) => ({ id: 'call_1', type: 'function', function: { name, arguments: '{}' } });

/** By path: the endpoint, and a request with as many members as possible. */
const ENDPOINTS = {
  [COMPLETIONS]: [
    complete,
    completion({
      best_of: 2,
      echo: true,
      frequency_penalty: 0,
      logit_bias: { 50256: -100 },
      logprobs: 1,
      max_tokens: 3,
      n: 2,
      presence_penalty: 0,
      seed: 1,
      stop: ['\n'],
      suffix: ' end',
      temperature: 0,
      top_p: 0.5,
      user: 'u',
    }),
  ],
  [CHAT]: [
    chat,
    conversation({
      model: 'gpt-4o',
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'a' }], name: 'n' },
        {
          role: 'user',
          name: 'n',
          content: [
            {
              type: 'text',
              text: 'b as JSON',
              prompt_cache_breakpoint: { mode: 'explicit' },
            },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
            { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
            asFile(pdf('c')),
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'd' },
            { type: 'refusal', refusal: 'no' },
          ],
          name: 'n',
          refusal: 'no',
          audio: { id: 'audio_1' },
          tool_calls: [
            call('f'),
            { id: 'call_2', type: 'custom', custom: { name: 'g', input: 'x' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'e' },
        { role: 'assistant', function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'g' },
        { role: 'user', content: 'h' },
      ],
      frequency_penalty: 0,
      logit_bias: { 50256: -100 },
      logprobs: true,
      max_completion_tokens: 9,
      metadata: { a: 'b' },
      moderation: {
        model: 'omni-moderation-latest',
        policy: { input: { mode: 'score' }, output: { mode: 'score' } },
      },
      n: 2,
      presence_penalty: 0,
      prompt_cache_key: 'k',
      response_format: asPerson,
      safety_identifier: 's',
      seed: 1,
      service_tier: 'flex',
      stop: ['END'],
      store: true,
      temperature: 0,
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
      tools: [chatTool],
      top_logprobs: 2,
      top_p: 0.5,
      user: 'u',
      verbosity: 'low',
    }),
  ],
  [RESPONSES]: [
    respond,
    question({
      model: 'gpt-4o',
      include: ['message.output_text.logprobs'],
      input: [
        said([{ type: 'input_text', text: 'a' }], 'developer'),
        said([
          {
            type: 'input_text',
            text: 'b',
            prompt_cache_breakpoint: { mode: 'explicit' },
          },
          { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'low' },
          { ...asInputFile(pdf('c')), detail: 'low' },
          { type: 'input_file', file_url: 'https://example.com/a.docx' },
        ]),
        { role: 'assistant', content: 'd', phase: 'final_answer' },
        { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'e' },
        { type: 'custom_tool_call', call_id: 'call_2', name: 'g', input: 'x' },
        { type: 'custom_tool_call_output', call_id: 'call_2', output: 'f' },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'AA==' },
        said('h'),
      ],
      instructions: 'i',
      max_output_tokens: 20,
      metadata: { a: 'b' },
      moderation: {
        model: 'omni-moderation-latest',
        policy: { input: { mode: 'score' }, output: null },
      },
      parallel_tool_calls: true,
      prompt_cache_key: 'k',
      safety_identifier: 's',
      service_tier: 'flex',
      store: false,
      temperature: 0,
      text: {
        format: { type: 'json_schema', name: 'person', strict: true, schema: PERSON },
        verbosity: 'low',
      },
      tool_choice: { type: 'function', name: 'get_weather' },
      tools: [
        flatTool,
        {
          type: 'web_search',
          search_context_size: 'low',
          filters: { allowed_domains: ['example.com'] },
          user_location: { type: 'approximate', country: 'DE' },
        },
      ],
      top_logprobs: 2,
      top_p: 0.5,
      truncation: 'auto',
      user: 'u',
    }),
  ],
  ...Object.fromEntries(
    DEFINED.map(({ path, answer, example }) => [`/v1${path}`, [answer, example]]).filter(([path]) =>
      isDocumented(path),
    ),
  ),
  '/v1/batches': [
    createBatch,
    {
      input_file_id: 'file-1',
      endpoint: CHAT,
      completion_window: '24h',
      metadata: { a: 'b' },
      output_expires_after: { anchor: 'created_at', seconds: 3600 },
    },
  ],
  [IMAGES]: [
    generateImages,
    {
      model: 'gpt-image-2',
      prompt: 'hills',
      background: 'opaque',
      moderation: 'low',
      n: 1,
      output_compression: 50,
      output_format: 'png',
      partial_images: 0,
      quality: 'low',
      size: '64x64',
      user: 'u',
    },
  ],
};
/** The document accepts anything as a schema. */
const WITHIN_A_SCHEMA =
  /^(?:response_format\.json_schema\.schema|text\.format\.schema|tools\.0(?:\.function)?\.parameters)\./;
/** Null in one of the two places where the document has it, and rejected by the other. */
const CONTRADICTED = 'top_logprobs';
/** Required by the document, although the API has a default. */
const HAS_DEFAULT = /^(?:input\.\d\.content\.\d\.detail|tools\.0\.(?:strict|parameters))$/;

const isDisputed = (place, value) =>
  WITHIN_A_SCHEMA.test(place) ||
  (place === CONTRADICTED && value === null) ||
  (HAS_DEFAULT.test(place) && value === undefined);

describe('the mock API and a request that is wrong in one place', () => {
  for (const [path, [answer, body]] of Object.entries(ENDPOINTS)) {
    const refusal = (mutated) => {
      try {
        answer(mutated, CONTEXT);
        return undefined;
      } catch (failure) {
        if (!failure.body?.error) throw failure;
        return failure.body.error;
      }
    };

    it(`accepts the valid request of ${path}`, () => {
      assert.deepEqual(validateRequest('POST', path, body), []);
      assert.equal(refusal(body), undefined);
    });

    it(`rejects at ${path} what the document rejects, and names an unexpected type`, () => {
      const checked = new Map();
      for (const { place, value, mutated } of mutations(body)) {
        if (isDisputed(place, value)) continue;
        if (!checked.has(place)) checked.set(place, false);
        const told = `${place} = ${JSON.stringify(value)}`;
        const error = refusal(mutated);
        if (validateRequest('POST', path, mutated).length > 0) {
          assert.ok(error, `${told} was answered`);
          checked.set(place, true);
        }
        const [, expected] = /expected (.+), but got \1 instead/.exec(error?.message) ?? [];
        assert.equal(expected, undefined, `${told}: ${error?.message}`);
      }
      const unchecked = [...checked].filter(([, isChecked]) => !isChecked).map(([place]) => place);
      const advice = 'Leave them out of the example, or add them to WITHIN_A_SCHEMA.';
      assert.deepEqual(unchecked, [], `The document of ${path} accepts anything here. ${advice}`);
      assert.notEqual(checked.size, 0, `the example of ${path} has no members`);
    });
  }
});
