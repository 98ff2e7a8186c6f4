import { INSERTIONS } from '../../mock-api/continuations.mjs';
import {
  CHAT,
  COMPLETIONS,
  completion,
  conversation,
  EMBEDDINGS,
  IMAGES,
  question,
  RESPONSES,
  user,
} from './client.mjs';

export const PIXEL =
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

/** A function in the shape of Chat Completions and in that of the Responses API. */
const WEATHER = {
  name: 'get_weather',
  description: 'The weather in a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
};
export const chatTool = { type: 'function', function: WEATHER };
export const flatTool = { type: 'function', ...WEATHER };
export const asksForWeather = 'What is the weather like?';

export const asInputFile = (bytes, filename = 'invoice.pdf', type = 'application/pdf') => ({
  type: 'input_file',
  filename,
  file_data: `data:${type};base64,${bytes.toString('base64')}`,
});
export const said = (content, role = 'user') => ({ type: 'message', role, content });
const heard = (text) => ({ type: 'input_text', text });

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
    'a function': conversation({
      model: 'gpt-4o',
      messages: user(asksForWeather),
      tools: [chatTool],
    }),
    'a refusal': conversation({ model: 'mock-api-refuses' }),
    'a filter': conversation({ model: 'mock-api-filters' }),
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
  [RESPONSES]: {
    'a question': question(),
    'a history': question({
      instructions: 'Be brief.',
      input: [
        said('My name is Ada.'),
        { role: 'assistant', content: 'Hello Ada.' },
        said([heard('What is my name?')]),
      ],
    }),
    'an image': question({
      input: [
        said([heard('What do you see?'), { type: 'input_image', image_url: PIXEL, detail: 'low' }]),
      ],
    }),
    documents: question({
      input: [
        said([
          heard('What are they about?'),
          asInputFile(pdf('Invoice 4711: 120 EUR')),
          asInputFile(Buffer.from('city,people\nRome,3'), 'cities.csv', 'text/csv'),
          { type: 'input_file', file_url: 'https://example.com/a/report.docx' },
        ]),
      ],
    }),
    reasoning: question({
      model: 'gpt-6-sol',
      reasoning: { effort: 'high', summary: 'auto', mode: 'pro' },
      text: { verbosity: 'low' },
    }),
    'a model of this endpoint alone': question({ model: 'gpt-5.5-pro' }),
    'a web search': question({
      tools: [
        {
          type: 'web_search',
          search_context_size: 'high',
          filters: { allowed_domains: ['example.com', 'example.org'] },
          user_location: { type: 'approximate', country: 'DE' },
        },
      ],
      include: ['web_search_call.action.sources'],
    }),
    'a function': question({ input: asksForWeather, tools: [flatTool], model: 'gpt-6-sol' }),
    'the result of a function': question({
      input: [
        said(asksForWeather),
        { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: '21 °C' },
      ],
      tools: [flatTool],
    }),
    'log probabilities': question({
      model: 'gpt-4.1',
      include: ['message.output_text.logprobs'],
      top_logprobs: 20,
    }),
    'a JSON object': question({
      input: 'Name a city, as JSON.',
      text: { format: { type: 'json_object' } },
    }),
    'a JSON schema': question({
      text: { format: { type: 'json_schema', name: 'person', strict: true, schema: PERSON } },
    }),
    'too few tokens': question({ model: 'gpt-6-sol', max_output_tokens: 16 }),
    'a refusal': question({ model: 'mock-api-refuses' }),
    'a filter': question({ model: 'mock-api-filters' }),
    'a failure': question({ model: 'mock-api-fails' }),
    'every option of a classic model': question({
      model: 'gpt-4o',
      max_output_tokens: 20,
      temperature: 2,
      top_p: 1,
      service_tier: 'fast',
      prompt_cache_key: 'demo',
      safety_identifier: 'someone',
      store: false,
      metadata: { ticket: '42' },
      parallel_tool_calls: false,
      truncation: 'auto',
      user: 'u',
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
    'a GPT image': { model: 'gpt-image-1.5', prompt: 'hills', size: '1536x1024', n: 2 },
    'a JPEG': {
      model: 'gpt-image-1.5',
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
