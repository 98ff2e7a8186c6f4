// Finds the field that a failure is about in the plugin's error.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { drawnFields, newQuery } from '../../harness/forms.mjs';
import { readForms } from '../forms.mjs';
import { findFailedField, readFailure } from '../src/result/failure.js';

const { manifest, operations } = readForms();

function fieldOf(data, query = {}) {
  const fields = (schema, values) =>
    drawnFields(schema.properties, values, 3).map(({ field }) => field);
  const found = findFailedField(
    { data },
    {
      query: fields(operations, { ...newQuery(operations), operation: 'chat', ...query }),
      source: fields(manifest, {}),
    },
  );
  return found && `${found.form} ${found.field.key}`;
}

/** The end of each description in docs/failures.md that starts like this. */
const documented = readFileSync(new URL('../../docs/failures.md', import.meta.url), 'utf8');
function hintOf(start) {
  const hint = documented.slice(documented.indexOf(start)).split(' |\n')[0];
  assert.ok(documented.includes(start), start);
  return hint;
}

describe('the field that a failure is about', () => {
  for (const [what, data, query, expected] of [
    ['an option of the query', { param: 'temperature' }, {}, 'query temperature'],
    ['an option of the data source', { param: 'timeout_seconds' }, {}, 'source timeout_seconds'],
    ['a parameter with another name', { param: 'max_completion_tokens' }, {}, 'query max_tokens'],
    [
      'a parameter whose field has another key',
      { param: 'model' },
      { operation: 'image_generation' },
      'query image_model',
    ],
    ['an option that is not shown', { param: 'seed' }, {}, undefined],
    ['a part of an option', { param: 'message_history[0].role' }, {}, 'query message_history'],
    ['a part of a parameter', { param: 'messages[1]' }, {}, 'query prompt'],
  ]) {
    test(`is found for ${what}`, () => assert.equal(fieldOf(data, query), expected));
  }

  test('is Advanced when the failure is about a field that only Advanced shows', () => {
    const message = `JSON schema is only read while Advanced is On. Set Advanced to On and enter it.`;
    assert.equal(fieldOf({ param: 'json_schema', message }), 'query advanced');
  });

  for (const [start, expected, query] of [
    ['Check the API key in the data source', 'source apiKey'],
    ['Check the Organization ID in', 'source organizationId'],
    ['Check the Base URL (https', 'source base_url'],
    ['Raise or clear Max tokens', 'query max_tokens'],
    ['Shorten Prompt or Message history', 'query prompt'],
    ['Check the model name', 'query model'],
    ['Rephrase the prompt', 'query prompt'],
    ['Clear Images and files, or', 'query images'],
    ['Set Response format to', 'query response_format'],
    ['Set Engine to Auto', 'query engine', { operation: 'completion' }],
    ['Set Streaming to On', 'source streaming'],
    ['The API key works. Add credit', undefined],
    ['Try again later. If it keeps', undefined],
    ['Wait 8 s and try again', undefined],
  ]) {
    test(`is ${expected ?? 'none'} when the advice is "${start} …"`, () =>
      assert.equal(fieldOf({ hint: hintOf(start) }, query), expected));
  }
});

describe('the text of a failure', () => {
  test('is split into what happened and what to do', () => {
    assert.deepEqual(
      readFailure({ description: 'It broke. Mend it.', data: { hint: 'Mend it.' } }),
      { happened: 'It broke.', advice: 'Mend it.' },
    );
  });

  test('is the whole description when there is no advice', () => {
    assert.deepEqual(readFailure({ description: 'It broke.', data: {} }), {
      happened: 'It broke.',
      advice: undefined,
    });
  });

  test('is the message when nothing else is known', () => {
    assert.equal(
      readFailure({ message: 'Query timed out', data: null }).happened,
      'Query timed out',
    );
  });
});
