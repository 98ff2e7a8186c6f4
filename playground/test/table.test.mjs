import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findColumns, findRows, printCell } from '../src/result/table.js';

describe('a value as a table', () => {
  const rows = [{ id: 1 }, { id: 2, name: 'b' }];

  test('is a list of objects, or the only member of an object', () => {
    assert.equal(findRows(rows), rows);
    assert.equal(findRows({ invoices: rows }), rows);
  });

  test('is nothing else', () => {
    for (const value of [[], [1], [rows], [null], {}, { a: rows, b: 1 }, 'text', null, undefined]) {
      assert.equal(findRows(value), undefined, JSON.stringify(value));
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
