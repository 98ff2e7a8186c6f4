// Our copy of OpenAI's document, and what its readers say.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { validateRequest, validateResponse } from './openapi.mjs';

test('the copy of the document is as JSON.stringify writes it, so that an addition shows alone', () => {
  const file = new URL('./openai-openapi/slim-strict.json', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const written = JSON.stringify(JSON.parse(text), null, 1).split('\n');
  const changed = text.split('\n').filter((line, at) => line !== written[at]);
  assert.deepEqual(changed, []);
  assert.equal(text.length, written.join('\n').length);
});

test('says where a schema comes from when the copy of the document lacks an endpoint', () => {
  const named =
    /no POST \/v1\/toys: cut it .* __tests__\/openai-openapi\/README\.md says, .*in __tests__\/sdk-types\.mjs$/;
  assert.throws(() => validateRequest('POST', '/v1/toys', {}), { message: named });
  assert.throws(() => validateResponse('POST', '/v1/toys', 200, {}), { message: named });
});
