import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { drawnFields, newQuery } from '../../harness/forms.mjs';
import { readForms } from '../forms.mjs';
import { describeChanges, describeModels, describeTokens } from '../src/result/summary.js';

const { operations } = readForms();
const query = { ...newQuery(operations), operation: 'chat', advanced: 'on' };
const fields = drawnFields(operations.properties, query, 3).map(({ field }) => field);
const words = (metadata) => describeChanges(metadata, fields, 'gpt-5.5');
const adjusted = (adjustment) => words({ adjusted: [adjustment] });

describe('the line above a result', () => {
  test("counts tokens under either API's names", () => {
    assert.equal(describeTokens({ prompt_tokens: 1, completion_tokens: 7 }), '1 token in, 7 out');
    assert.equal(
      describeTokens({ input_tokens: 1200, output_tokens: 30 }),
      '1,200 tokens in, 30 out',
    );
    assert.equal(describeTokens({ prompt_tokens: 4, total_tokens: 4 }), '4 tokens in');
    assert.equal(describeTokens(undefined), undefined);
  });

  test('names the model that answered, or all that answered the rows of a list', () => {
    assert.equal(describeModels({ model: 'gpt-5.5-1', models: ['x'] }, 'gpt-5.5'), 'gpt-5.5-1');
    assert.equal(
      describeModels({ models: ['gpt-5.5-1', 'gpt-6-1'] }, 'gpt-5.5'),
      'gpt-5.5-1, gpt-6-1',
    );
    assert.equal(describeModels({ models: [], substituted_model: 'gpt-6' }, 'gpt-4'), 'gpt-6');
    assert.equal(describeModels({}, 'gpt-6'), 'gpt-6');
    assert.equal(describeModels({}), undefined);
  });

  test('counts the failed rows of a list, and requests beyond one for each row', () => {
    assert.deepEqual(words({ rows: 20, answered: 17, attempts: 20 }), ['3 of 20 rows failed']);
    assert.deepEqual(words({ rows: 2_000, answered: 2_000, attempts: 2_100 }), [
      '2,100 requests were sent',
    ]);
    assert.deepEqual(words({ rows: 2, answered: 2, attempts: 2 }), []);
  });

  test('describes adjustments with the labels of the form', () => {
    assert.deepEqual(adjusted({ parameter: 'temperature', change: 'removed' }), [
      'Temperature left out: gpt-5.5 does not accept it',
    ]);
    assert.deepEqual(
      adjusted({ parameter: 'max_tokens', change: 'renamed', to: 'max_completion_tokens' }),
      ['Max tokens sent as max_completion_tokens: gpt-5.5 expects that name'],
    );
    assert.deepEqual(adjusted({ parameter: 'reasoning_effort', change: 'set', to: 'none' }), [
      'Reasoning effort set to none: gpt-5.5 requires it',
    ]);
    assert.deepEqual(adjusted({ parameter: 'stop', change: 'applied by the plugin' }), [
      'Stop sequence: applied by the plugin',
    ]);
    assert.deepEqual(adjusted({ parameter: 'role', change: 'developer sent as system' }), [
      'System prompt: developer sent as system',
    ]);
  });

  test('says that a parameter was left out because the Responses API lacks it', () => {
    const adjusted = [{ parameter: 'seed', change: 'removed' }];
    assert.deepEqual(words({ endpoint: 'responses', adjusted }), [
      'Seed left out: gpt-5.5 does not accept it in the Responses API',
    ]);
  });

  test('reports another model, a truncated answer and further requests', () => {
    const metadata = {
      substituted_model: 'gpt-5.4-mini',
      finish_reason: 'length',
      not_strict: 'a has minLength',
      attempts: 2,
    };
    assert.deepEqual(words(metadata), [
      'gpt-5.4-mini answered through Chat, because the API no longer serves the Completions model',
      'The answer may not match the JSON schema: a has minLength',
      'The answer stops at the token limit',
      '2 requests were sent',
    ]);
  });

  test('adds nothing when the query ran as set in the form', () => {
    assert.deepEqual(words({ finish_reason: 'stop', attempts: 1 }), []);
  });
});
