// Our copy of OpenAI's document.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

test('the copy of the document is as JSON.stringify writes it, so that an addition shows alone', () => {
  const file = new URL('./openai-openapi/slim-strict.json', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const written = JSON.stringify(JSON.parse(text), null, 1).split('\n');
  const changed = text.split('\n').filter((line, at) => line !== written[at]);
  assert.deepEqual(changed, []);
  assert.equal(text.length, written.join('\n').length);
});
