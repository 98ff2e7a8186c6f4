import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateRequest } from '../openapi.mjs';
import {
  CHAT,
  COMPLETIONS,
  chatted,
  completed,
  completion,
  conversation,
  EMBEDDINGS,
  IMAGES,
  refused,
  send,
  user,
} from './client.mjs';

describe('requests to the mock API', () => {
  const said = (message) => conversation({ messages: [message] });
  const part = (content) => conversation({ messages: user([content]) });
  /** Requests that the document rejects; `param` is the parameter that the API names. */
  const REFUSED = [
    [COMPLETIONS, completion({ messages: [] }), null],
    [COMPLETIONS, completion({ model: undefined }), null],
    [COMPLETIONS, completion({ prompt: undefined }), 'prompt'],
    [COMPLETIONS, completion({ max_tokens: '256' }), 'max_tokens'],
    [COMPLETIONS, completion({ max_tokens: -1 }), 'max_tokens'],
    [COMPLETIONS, completion({ temperature: 2.1 }), 'temperature'],
    [COMPLETIONS, completion({ logprobs: 6 }), 'logprobs'],
    [COMPLETIONS, completion({ stop: [] }), 'stop'],
    [CHAT, conversation({ suffix: 'x' }), null],
    [CHAT, conversation({ messages: undefined }), 'messages'],
    [CHAT, conversation({ messages: [] }), 'messages'],
    [CHAT, conversation({ messages: [{ role: 'robot', content: 'x' }] }), 'messages[0].role'],
    [CHAT, conversation({ messages: user(null) }), 'messages[0].content'],
    [CHAT, conversation({ messages: user([{ type: 'sound' }]) }), 'messages[0].content[0].type'],
    [CHAT, said({ role: 'user', content: 'x', name: 5 }), 'messages[0].name'],
    [CHAT, said({ role: 'tool', content: 'x' }), 'messages[0].tool_call_id'],
    [CHAT, said({ role: 'assistant', audio: { id: 5 } }), 'messages[0].audio.id'],
    [CHAT, said({ role: 'assistant', refusal: 5 }), 'messages[0].refusal'],
    [
      CHAT,
      said({ role: 'assistant', tool_calls: [{ id: '1', type: 'function' }] }),
      'messages[0].tool_calls[0].function',
    ],
    [CHAT, said({ role: 'function', content: 'x' }), 'messages[0].name'],
    [
      CHAT,
      part({ type: 'image_url', image_url: { url: 'https://h/a', detail: 'original' } }),
      'messages[0].content[0].image_url.detail',
    ],
    [CHAT, part({ type: 'image_url' }), 'messages[0].content[0].image_url'],
    [
      CHAT,
      part({ type: 'input_audio', input_audio: { data: 'AA' } }),
      'messages[0].content[0].input_audio.format',
    ],
    [CHAT, conversation({ temperature: -0.1 }), 'temperature'],
    [CHAT, conversation({ temperature: '0.7' }), 'temperature'],
    [CHAT, conversation({ top_p: 1.5 }), 'top_p'],
    [CHAT, conversation({ n: 129 }), 'n'],
    [CHAT, conversation({ n: 1.5 }), 'n'],
    [CHAT, conversation({ stop: ['a', 'b', 'c', 'd', 'e'] }), 'stop'],
    [CHAT, conversation({ frequency_penalty: 3 }), 'frequency_penalty'],
    [CHAT, conversation({ reasoning_effort: 'huge' }), 'reasoning_effort'],
    [CHAT, conversation({ verbosity: 'loud' }), 'verbosity'],
    [CHAT, conversation({ service_tier: 'best' }), 'service_tier'],
    [CHAT, conversation({ response_format: { type: 'xml' } }), 'response_format.type'],
    [CHAT, conversation({ metadata: { n: 1 } }), 'metadata.n'],
    [CHAT, conversation({ safety_identifier: 'x'.repeat(129) }), 'safety_identifier'],
    [EMBEDDINGS, { model: 'text-embedding-3-small', input: 'x', dimensions: 0 }, 'dimensions'],
    [EMBEDDINGS, { model: 'text-embedding-3-small', input: 'x', size: 1 }, null],
    [IMAGES, { model: 'gpt-image-1.5' }, 'prompt'],
    [IMAGES, { model: 'gpt-image-1.5', prompt: 'x', n: 11 }, 'n'],
    [IMAGES, { model: 'gpt-image-1.5', prompt: 'x', output_format: 'bmp' }, 'output_format'],
  ];

  for (const [path, body, param] of REFUSED) {
    const shown = JSON.stringify(body).slice(0, 120);
    it(`rejects at ${path}, as OpenAI's document does: ${shown}`, async () => {
      assert.notDeepEqual(validateRequest('POST', path, JSON.parse(JSON.stringify(body))), []);
      const refusal = await refused(path, body);
      assert.deepEqual([refusal.status, refusal.param], [400, param]);
    });
  }

  it('rejects a file that is not a PDF or has no name', async () => {
    const place = 'messages[0].content[0].file';
    for (const [file, param] of [
      [{}, `${place}.file_id`],
      [{ file_data: 'data:application/pdf;base64,JVBERi0xLjQK' }, `${place}.filename`],
      [{ filename: 'a.pdf', file_data: 'JVBERi0xLjQK' }, `${place}.file_data`],
      [{ filename: 'a.txt', file_data: 'data:text/plain;base64,AAAA' }, `${place}.file_data`],
      [{ filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' }, `${place}.file_data`],
      [{ file_id: 'file-1' }, 'id'],
    ]) {
      const refusal = await refused(
        CHAT,
        conversation({ messages: user([{ type: 'file', file }]) }),
      );
      assert.deepEqual([refusal.status, refusal.param], [400, param]);
    }
  });

  it('reports a missing parameter as missing, not as a wrong type', async () => {
    const { code, message } = await refused(CHAT, part({ type: 'image_url' }));
    assert.equal(code, 'missing_required_parameter');
    assert.match(message, /^Missing required parameter: 'messages\[0\]\.content\[0\]\.image_url'/);
    const list = await refused(CHAT, part({ type: 'image_url', image_url: [] }));
    assert.match(list.message, /expected an object, but got an array instead/);
  });

  it("accepts an assistant's message with something other than content", async () => {
    for (const other of [
      { refusal: 'No.' },
      { audio: { id: 'audio_1' } },
      { tool_calls: [{ id: '1', type: 'custom', custom: { name: 'f', input: 'x' } }] },
      { function_call: { name: 'f', arguments: '{}' } },
    ]) {
      const messages = [{ role: 'assistant', ...other }, ...user('Hi')];
      assert.deepEqual(validateRequest('POST', CHAT, conversation({ messages })), []);
      await chatted({ messages });
    }
    const { param } = await refused(CHAT, said({ role: 'assistant' }));
    assert.equal(param, 'messages[0].content');
  });

  it('names every unknown argument', async () => {
    const { message } = await refused(CHAT, conversation({ foo: 1, bar: 2 }));
    assert.match(message, /Unrecognized request arguments supplied: foo, bar/);
  });

  it('accepts null for an option where the API allows it', async () => {
    await completed({ max_tokens: null, stop: null, suffix: null, temperature: null });
    await chatted({ temperature: null, stop: null, max_completion_tokens: null, n: null });
    assert.equal((await refused(CHAT, conversation({ tools: null }))).param, 'tools');
  });

  it('rejects a request that is not a JSON object with a JSON content type', async () => {
    const status = async (options) => (await send('POST', CHAT, options)).status;
    assert.equal(await status({ body: '{' }), 400);
    assert.equal(await status({ body: '[]' }), 400);
    const { body } = await send('POST', CHAT, {
      body: JSON.stringify(conversation()),
      headers: { 'content-type': 'text/plain' },
    });
    assert.equal(body.error.code, 'unsupported_content_type');
  });

  it('rejects a request that exceeds the context window', async () => {
    const { param, code } = await refused(
      CHAT,
      conversation({ messages: user('word '.repeat(400_001)) }),
    );
    assert.deepEqual([param, code], ['messages', 'context_length_exceeded']);
    const long = await refused(COMPLETIONS, completion({ max_tokens: 5000 }));
    assert.equal(long.code, 'context_length_exceeded');
  });

  it('rejects a path that does not exist', async () => {
    const { status, body } = await send('POST', '/v1/v1/chat/completions', { body: {} });
    assert.equal(status, 404);
    assert.match(body.error.message, /Invalid URL \(POST \/v1\/v1\/chat\/completions\)/);
    assert.equal((await send('GET', CHAT)).status, 405);
  });
});
