import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { startMockApi } from '../../mock-api/server.mjs';

export const KEY = 'sk-mock-api-test';
export const COMPLETIONS = '/v1/completions';
export const CHAT = '/v1/chat/completions';
export const RESPONSES = '/v1/responses';
export const EMBEDDINGS = '/v1/embeddings';
export const IMAGES = '/v1/images/generations';

/** The mock API of this test file, which starts before the first test and ends after the last. */
export let mockApi;
before(async () => {
  mockApi = await startMockApi();
});
afterEach(() => mockApi.reset());
after(() => mockApi.close());

export async function send(method, path, { body, headers = {} } = {}) {
  const isForm = body instanceof FormData;
  const response = await fetch(mockApi.url + path, {
    method,
    headers: {
      authorization: `Bearer ${KEY}`,
      ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined || typeof body === 'string' || isForm ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** The form for a body like an endpoint's `example`; `file` has a character for each byte. */
export function asForm({ file, ...fields }, name = 'recording.wav') {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) {
    if (Array.isArray(value)) for (const item of value) form.append(`${field}[]`, item);
    else form.append(field, value);
  }
  if (file !== undefined) form.append('file', new File([Buffer.from(file, 'latin1')], name));
  return form;
}

export const user = (content) => [{ role: 'user', content }];
export const completion = (options) => ({
  model: 'mock-api-instruct',
  prompt: 'Once upon a time',
  ...options,
});
export const conversation = (options) => ({
  model: 'gpt-5.4-mini',
  messages: user('What is the capital of France?'),
  ...options,
});

export const question = (options) => ({
  model: 'gpt-5.4-mini',
  input: 'What is the capital of France?',
  ...options,
});

export async function answer(path, body) {
  const { status, body: answered } = await send('POST', path, { body });
  assert.equal(status, 200, JSON.stringify(answered));
  return answered;
}

export const completed = async (options) =>
  (await answer(COMPLETIONS, completion(options))).choices[0];
export const chatted = async (options) => (await answer(CHAT, conversation(options))).choices[0];

export async function refused(path, body) {
  const { status, body: answered } = await send('POST', path, { body });
  assert.ok(status >= 400, `was answered: ${JSON.stringify(answered).slice(0, 200)}`);
  return { status, ...answered.error };
}
