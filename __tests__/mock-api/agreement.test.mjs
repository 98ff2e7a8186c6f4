// The mock API against OpenAI's document, over requests that are wrong in one place.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chat } from '../../mock-api/chat.mjs';
import { complete } from '../../mock-api/completions.mjs';
import { embeddings } from '../../mock-api/embeddings.mjs';
import { generateImages } from '../../mock-api/images.mjs';
import { mutations } from '../mutations.mjs';
import { validateRequest } from '../openapi.mjs';
import { CHAT, COMPLETIONS, completion, conversation, EMBEDDINGS, IMAGES } from './client.mjs';
import { asFile, asPerson, pdf } from './variants.mjs';

const CONTEXT = { created: 0, origin: 'http://localhost' };
const call = (name) => ({ id: 'call_1', type: 'function', function: { name, arguments: '{}' } });

/** By path: what answers, and a request with as many members as there can be. */
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
      top_logprobs: 2,
      top_p: 0.5,
      user: 'u',
      verbosity: 'low',
    }),
  ],
  [EMBEDDINGS]: [
    embeddings,
    {
      model: 'text-embedding-3-small',
      input: ['a', 'b'],
      dimensions: 4,
      encoding_format: 'float',
      user: 'u',
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
/** The document takes anything for a schema. */
const WITHIN_A_SCHEMA = /^response_format\.json_schema\.schema\./;
/** Null for one of the two places where the document has it, and refused by the other. */
const CONTRADICTED = 'top_logprobs';

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

    it(`answers the request of ${path} that is right`, () => {
      assert.deepEqual(validateRequest('POST', path, body), []);
      assert.equal(refusal(body), undefined);
    });

    it(`refuses at ${path} what the document refuses, and names a type that was not expected`, () => {
      let refusedByBoth = 0;
      for (const { place, value, mutated } of mutations(body)) {
        if (WITHIN_A_SCHEMA.test(place) || (place === CONTRADICTED && value === null)) continue;
        const told = `${place} = ${JSON.stringify(value)}`;
        const error = refusal(mutated);
        if (validateRequest('POST', path, mutated).length > 0) {
          assert.ok(error, `${told} was answered`);
          refusedByBoth += 1;
        }
        const [, expected] = /expected (.+), but got \1 instead/.exec(error?.message) ?? [];
        assert.equal(expected, undefined, `${told}: ${error?.message}`);
      }
      // Otherwise the mutations would test nothing.
      assert.ok(refusedByBoth > 20, `${refusedByBoth}`);
    });
  }
});
