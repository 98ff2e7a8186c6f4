import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { midSentence } from '../forms/mid-sentence.mjs';

describe('a text in the middle of a sentence', () => {
  test('starts with a small letter when it starts with an ordinary word', () => {
    for (const [text, expected] of [
      ['What to check.', 'what to check.'],
      ['A list with a prompt for each row.', 'a list with a prompt for each row.'],
      ['Base64 data', 'base64 data'],
      ['Two-letter codes', 'two-letter codes'],
      ['Übersetzung', 'übersetzung'],
    ]) {
      assert.equal(midSentence(text), expected);
    }
  });

  test('keeps the capitals of a name or an abbreviation', () => {
    for (const text of [
      'OpenAI’s model',
      'JSON array',
      'URLs',
      'API key',
      'M4A',
      'GPT-5',
      'e.g.',
    ]) {
      assert.equal(midSentence(text), text);
    }
  });
});
