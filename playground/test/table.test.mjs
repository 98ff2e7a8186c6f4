import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findColumns, findRows, pairRows, printCell } from '../src/result/table.js';

describe('a value as a table', () => {
  const rows = [{ id: 1 }, { id: 2, name: 'b' }];

  test('is a list of objects, or the only member of an object', () => {
    assert.equal(findRows(rows), rows);
    assert.equal(findRows({ invoices: rows }), rows);
  });

  test('is not used for anything else', () => {
    for (const value of [[], [1], [rows], [null], {}, { a: rows, b: 1 }, 'text', null, undefined]) {
      assert.equal(findRows(value), undefined, JSON.stringify(value));
    }
  });

  test('shows the prompts of a list next to their answers, or why there is none', () => {
    const query = { operation: 'chat_list', prompts: ['a', 'b'] };
    const whole = { data: ['x', 'y'], metadata: { failed: [] } };
    const pairs = [
      { prompt: 'a', answer: 'x' },
      { prompt: 'b', answer: 'y' },
    ];
    assert.deepEqual(pairRows(query, whole), pairs);
    assert.deepEqual(pairRows({ ...query, prompts: '["a", "b"]' }, whole), pairs);
    assert.deepEqual(pairRows({ ...query, operation: 'completion_list' }, whole), pairs);
    const failed = [{ index: 1, description: 'no' }];
    const partly = [
      { prompt: 'a', answer: 'x', failed: undefined },
      { prompt: 'b', answer: null, failed: 'no' },
    ];
    const data = ['x', null];
    assert.deepEqual(pairRows(query, { data, metadata: { failed } }), partly);
    assert.deepEqual(pairRows(query, { data: { answer: data, failed } }), partly);
  });

  test('has the numbers of the rows of a batch beside their answers', () => {
    const query = { operation: 'batch_result', batch_id: 'batch_1' };
    const failed = [{ index: 1, description: 'no' }];
    assert.deepEqual(pairRows(query, { data: ['x', null], metadata: { failed } }), [
      { row: 0, answer: 'x', failed: undefined },
      { row: 1, answer: null, failed: 'no' },
    ]);
    const page = { first_row: 10, failed: [{ index: 11, description: 'no' }] };
    const rows = [
      { row: 10, answer: 'x', failed: undefined },
      { row: 11, answer: null, failed: 'no' },
    ];
    assert.deepEqual(pairRows(query, { data: ['x', null], metadata: page }), rows);
    assert.deepEqual(pairRows(query, { data: { answer: ['x', null], ...page } }), rows);
    const running = { status: 'in_progress', counts: { total: 2, completed: 1, failed: 0 } };
    assert.equal(pairRows(query, { data: running, metadata: {} }), undefined);
  });

  test('has no pairs when the query is not a list or has no rows', () => {
    const result = { data: ['x'], metadata: { failed: [] } };
    for (const query of [
      { operation: 'chat', prompts: ['a'] },
      { operation: 'chat_list', prompts: [] },
      { operation: 'chat_list', prompts: '{{' },
    ]) {
      assert.equal(pairRows(query, result), undefined);
    }
  });

  test('has the columns of all rows', () => {
    assert.deepEqual(findColumns(rows), ['id', 'name']);
  });

  test('shows nothing for what is missing, and JSON for what is nested', () => {
    assert.deepEqual([undefined, null, 0, false, { a: 1 }].map(printCell), [
      '',
      '',
      '0',
      'false',
      '{"a":1}',
    ]);
  });
});
