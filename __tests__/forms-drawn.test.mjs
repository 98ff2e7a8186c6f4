// The query form as each ToolJet draws it: every field once, under its key, in the order of its
// definition. The rules are in harness/forms.mjs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { receivedOperations } from '../harness/form-transfer.mjs';
import {
  codeFieldShape,
  drawnFields,
  newQuery,
  openedQuery,
  showsTooltip,
  TOOLJETS,
} from '../harness/forms.mjs';
import {
  hasAdvanced,
  listFields,
  manifest,
  OPERATIONS,
  operations,
  SOURCE_FIELDS,
} from './forms.mjs';

/** The keys that are drawn, in order. */
const drawnKeys = (form, values, tooljet) =>
  drawnFields(form.properties, values, tooljet).map(({ field }) => field.key);

function expectedKeys(operation, isAdvanced) {
  const fields = listFields(operation).filter(({ advanced }) => isAdvanced || !advanced);
  const flips = hasAdvanced(operation) ? ['operation', 'advanced'] : ['operation'];
  return [...flips, ...fields.map(({ key }) => key)];
}

/** How the editor gets a query, and whether it then shows the advanced fields. */
const situations = {
  'a new query': () => [newQuery(operations), false],
  'a new query where defaults are not applied': () => [
    newQuery(operations, { appliesDefaults: false }),
    false,
  ],
  "a query of 2023, saved by ToolJet's own plugin": (operation, tooljet) => [
    openedQuery(operations, { operation, prompt: 'Hi', max_tokens: '67' }, tooljet),
    false,
  ],
  'Advanced is off': () => [{ advanced: 'off' }, false],
  'Advanced is on': () => [{ advanced: 'on' }, true],
};

for (const tooljet of TOOLJETS) {
  describe(`ToolJet ${tooljet} draws every field once:`, () => {
    const form = receivedOperations(operations, tooljet);
    for (const { value, name } of OPERATIONS) {
      for (const [situation, query] of Object.entries(situations)) {
        test(`ToolJet ${tooljet} draws every field of ${name} once: ${situation}`, () => {
          const [options, isAdvanced] = query(value, tooljet);
          const keys = drawnKeys(form, { ...options, operation: value }, tooljet);
          assert.deepEqual(keys, expectedKeys(value, isAdvanced));
        });
      }
    }

    test(`ToolJet ${tooljet} draws only the operation before one is chosen`, () => {
      assert.deepEqual(drawnKeys(form, {}, tooljet), ['operation']);
    });

    test(`ToolJet ${tooljet} draws every field of the data source once`, () => {
      const keys = SOURCE_FIELDS.map(({ key }) => key);
      assert.deepEqual(drawnKeys(manifest, {}, tooljet), keys);
    });
  });
}

test('ToolJet 2 draws code fields as lines or editors, as defined', () => {
  for (const { value } of OPERATIONS) {
    const controls = new Map(listFields(value).map(({ key, control }) => [key, control]));
    const drawn = drawnFields(operations.properties, { operation: value, advanced: 'on' }, 2);
    for (const { field } of drawn.filter(({ field }) => field.type === 'codehinter')) {
      assert.equal(codeFieldShape(field), controls.get(field.key), field.key);
    }
  }
});

describe('the rules of the harness', () => {
  const flip = { key: 'a', type: 'dropdown-component-flip' };
  const field = { key: 'b', type: 'codehinter', tooltip: 'Help.' };
  const inner = { key: 'c', type: 'codehinter' };
  const keys = (group, values, tooljet) =>
    drawnFields(group, values, tooljet).map(({ field: { key } }) => key);

  test('ToolJet 2 drops fields next to a flip, and ToolJet 3 draws them first', () => {
    const group = { a: flip, b: field, on: { c: inner } };
    assert.deepEqual(keys(group, { a: 'on' }, 2), ['a', 'c']);
    assert.deepEqual(keys(group, { a: 'on' }, 3), ['b', 'a', 'c']);
  });

  test('ToolJet 2 draws the common fields of a flip, and ToolJet 3 drops them', () => {
    const group = { a: { ...flip, commonFields: { b: field } }, on: { c: inner } };
    assert.deepEqual(keys(group, { a: 'on' }, 2), ['b', 'a', 'c']);
    const received = receivedOperations(group, 3);
    assert.deepEqual(keys(received, { a: 'on' }, 3), ['a', 'c']);
  });

  test('uses the group named undefined when a query has no value', () => {
    const group = { a: flip, undefined: { c: inner } };
    for (const tooljet of TOOLJETS) assert.deepEqual(keys(group, {}, tooljet), ['a', 'c']);
  });

  test('shows no tooltips in ToolJet 2', () => {
    assert.deepEqual(
      TOOLJETS.map((tooljet) => showsTooltip(field, tooljet)),
      [false, true],
    );
  });

  test('fills in what a saved query lacks only in the newest ToolJet 3', () => {
    const saved = { operation: 'chat' };
    assert.deepEqual(openedQuery({ defaults: { advanced: 'off' } }, saved, 2), saved);
    assert.equal(openedQuery({ defaults: { advanced: 'off' } }, saved, 3).advanced, 'off');
  });
});
