import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut } from '../src/forms/layout.js';

const field = (key) => ({ key, type: 'codehinter' });
const flip = (key) => ({ key, type: 'dropdown-component-flip' });

const FORM = {
  operation: flip('operation'),
  chat: {
    advanced: flip('advanced'),
    on: { seed: field('seed') },
    prompt: field('prompt'),
  },
  list: { filter: field('filter') },
  note: field('note'),
};

const keysFor = (values) =>
  layOut(FORM, values).map(({ field: { key }, depth }) => `${depth} ${key}`);

test('fields come before flips, and below each flip the group of its value', () => {
  assert.deepEqual(keysFor({ operation: 'chat', advanced: 'on' }), [
    '0 note',
    '0 operation',
    '1 prompt',
    '1 advanced',
    '2 seed',
  ]);
});

test('a group that is not chosen is not there', () => {
  assert.deepEqual(keysFor({ operation: 'list', advanced: 'on' }), [
    '0 note',
    '0 operation',
    '1 filter',
  ]);
});

test('a flip without a value shows no group', () => {
  assert.deepEqual(keysFor({}), ['0 note', '0 operation']);
});
