import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPERATIONS } from '../../forms/operations.mjs';
import { EXAMPLES } from '../examples.mjs';
import { COMPONENTS } from '../src/components.js';

const byKey = (fields = []) => new Map(fields.map((field) => [field.key, field]));
const queries = EXAMPLES.flatMap(({ queries }) => queries);

describe('the examples', () => {
  for (const { title, query } of queries) {
    test(`the example ${title} sets only fields that its form shows`, () => {
      const { operation, advanced, ...values } = query;
      const form = OPERATIONS.find(({ value }) => value === operation);
      const basic = byKey(form.basic);
      const rare = byKey(form.advanced);
      const keys = Object.keys(values);
      assert.deepEqual(
        keys.filter((key) => !basic.has(key) && !rare.has(key)),
        [],
      );
      assert.equal(
        advanced,
        keys.some((key) => rare.has(key)) ? 'on' : undefined,
        'Advanced is on only where the query needs it',
      );
      for (const [key, value] of Object.entries(values)) {
        const { list } = basic.get(key) ?? rare.get(key);
        if (list) assert.ok(list.map((choice) => choice.value).includes(value), `${key}: ${value}`);
      }
    });
  }

  test('the groups are the operations by their names, in the order of the form, and failures', () => {
    assert.deepEqual(
      EXAMPLES.map(({ group }) => group),
      [...OPERATIONS.map(({ name }) => name), 'Failures'],
    );
    for (const { value, name } of OPERATIONS) {
      const { queries } = EXAMPLES.find(({ group }) => group === name);
      assert.ok(queries.length > 0, name);
      assert.ok(
        queries.every(({ query }) => query.operation === value),
        name,
      );
    }
  });

  test('every example has a unique title', () => {
    assert.equal(new Set(queries.map(({ title }) => title)).size, queries.length);
  });
});

describe('the components', () => {
  test('the Chat component ends its history with the message that was just sent', () => {
    const { history, lastMessage, lastResponse } = COMPONENTS.chat1;
    assert.deepEqual(
      history.map(({ type }) => type),
      ['message', 'response', 'message'],
    );
    assert.equal(history.at(-1), lastMessage);
    assert.equal(history.at(-2), lastResponse);
  });

  test('file pickers have files without a data URI', () => {
    const files = [COMPONENTS.filepicker1, COMPONENTS.filepicker2].flatMap(({ file }) => file);
    for (const { size, base64Data, dataURL } of files) {
      assert.equal(Buffer.from(base64Data, 'base64').length, size);
      assert.equal(dataURL, undefined);
    }
  });

  test('the sample PDF has a table with the offsets of its objects', () => {
    const [{ content }] = COMPONENTS.filepicker2.file;
    const [, start] = /startxref\n(\d+)/.exec(content);
    assert.ok(content.slice(Number(start)).startsWith('xref\n'));
    const offsets = [...content.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => offset);
    assert.equal(offsets.length, 5);
    for (const [index, offset] of offsets.entries()) {
      assert.ok(content.slice(Number(offset)).startsWith(`${index + 1} 0 obj\n`));
    }
  });
});
