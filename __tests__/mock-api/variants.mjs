import { INSERTIONS } from '../../mock-api/continuations.mjs';
import {
  CHAT,
  COMPLETIONS,
  completion,
  conversation,
  EMBEDDINGS,
  IMAGES,
  user,
} from './client.mjs';

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Builds a PDF with one string, which must not contain brackets. */
export const pdf = (text) =>
  Buffer.from(
    `%PDF-1.4\n1 0 obj\n<< /Length 44 >>\nstream\nBT /F1 12 Tf (${text}) Tj ET\nendstream\nendobj\n%%EOF\n`,
  );
export const asFile = (bytes, filename = 'invoice.pdf') => ({
  type: 'file',
  file: { filename, file_data: `data:application/pdf;base64,${bytes.toString('base64')}` },
});

export const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 3 },
    age: { type: 'integer', minimum: 18, maximum: 99 },
    mood: { enum: ['calm', 'busy'] },
    email: { type: 'string', format: 'email' },
    tags: { type: 'array', items: { type: 'string' }, minItems: 2 },
    friend: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
  },
  required: ['name', 'age', 'mood', 'email', 'tags', 'friend'],
  additionalProperties: false,
};
export const asPerson = {
  type: 'json_schema',
  json_schema: { name: 'person', strict: true, schema: PERSON },
};

/** Requests that succeed, by path and name. */
export const VARIANTS = {
  [COMPLETIONS]: {
    'a plain prompt': completion(),
    'several prompts': completion({ prompt: ['Once upon a time', 'Roses are red,'], n: 2 }),
    'a prompt of tokens': completion({ prompt: [464, 3139, 286] }),
    'the best of three': completion({ best_of: 3, n: 2 }),
    'an echo with log probabilities': completion({ echo: true, logprobs: 5 }),
    'a suffix': completion({ prompt: INSERTIONS[0].prompt, suffix: INSERTIONS[0].suffix }),
    'every option': completion({
      max_tokens: 12,
      temperature: 0,
      top_p: 0.5,
      frequency_penalty: -2,
      presence_penalty: 2,
      seed: 7,
      stop: ['\n', 'END'],
      logit_bias: { 50256: -100 },
      user: 'someone',
    }),
  },
  [CHAT]: {
    'a question': conversation(),
    'a history': conversation({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'My name is Ada.' },
        { role: 'assistant', content: 'Hello Ada.' },
        { role: 'user', content: [{ type: 'text', text: 'What is my name?' }] },
      ],
    }),
    'an image': conversation({
      messages: user([
        { type: 'text', text: 'What do you see?' },
        { type: 'image_url', image_url: { url: PIXEL, detail: 'low' } },
      ]),
    }),
    'a PDF': conversation({
      messages: user([
        { type: 'text', text: 'What is it about?' },
        asFile(pdf('Invoice 4711: 120 EUR')),
      ]),
    }),
    reasoning: conversation({ model: 'gpt-6-sol', reasoning_effort: 'high', verbosity: 'low' }),
    'log probabilities': conversation({ model: 'gpt-4.1', logprobs: true, top_logprobs: 20 }),
    'a JSON object': conversation({
      messages: user('Name a city, as JSON.'),
      response_format: { type: 'json_object' },
    }),
    'a JSON schema': conversation({ response_format: asPerson }),
    'every option of a classic model': conversation({
      model: 'gpt-4o',
      max_tokens: 20,
      temperature: 2,
      top_p: 1,
      frequency_penalty: 1,
      presence_penalty: -1,
      n: 3,
      seed: -1,
      stop: '\n',
      logit_bias: { 50256: -100 },
      service_tier: 'fast',
      prompt_cache_key: 'demo',
      safety_identifier: 'someone',
      store: true,
      metadata: { ticket: '42' },
    }),
  },
  [EMBEDDINGS]: {
    'one text': { model: 'text-embedding-3-small', input: 'a calm sea' },
    'several texts, shortened': {
      model: 'text-embedding-3-large',
      input: ['a calm sea', 'a busy street'],
      dimensions: 8,
      encoding_format: 'float',
    },
  },
  [IMAGES]: {
    'a GPT image': { model: 'gpt-image-1', prompt: 'hills', size: '1536x1024', n: 2 },
    'a JPEG': {
      model: 'gpt-image-1',
      prompt: 'hills',
      output_format: 'jpeg',
      quality: 'low',
      background: 'opaque',
    },
    'an address': { model: 'mock-api-image', prompt: 'hills', quality: 'hd', style: 'natural' },
    'a small one as base64': {
      model: 'mock-api-image',
      prompt: 'hills',
      size: '256x256',
      response_format: 'b64_json',
    },
  },
};
