import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { usePlayground } from './browser.mjs';
import { ECHO } from './echo.mjs';
import { choose, dropdown, query, rawValue, run, source, textbox } from './page.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const manifest = read('manifest.json');
const { properties, defaults } = read('operations.json');

/** All fields of a branch, wherever they are in it: not by the rules that the page goes by. */
function fieldsIn(branch) {
  if (branch === null || typeof branch !== 'object') return [];
  if (typeof branch.type === 'string') return [branch];
  return Object.values(branch).flatMap(fieldsIn);
}

const FLIPS = ['operation', 'advanced'];
const fieldsOf = (branch) => fieldsIn(branch).filter(({ key }) => !FLIPS.includes(key));

/** Types or chooses something in a field and returns what the plugin should get for it. */
async function fillField(region, field) {
  if (field.type === 'dropdown') {
    const { name, value } = field.list.at(-1);
    await choose(region, field.label, name);
    return value;
  }
  const text = `${field.key} "as" typed,\n2 lines`;
  const typed = field.type === 'codehinter' ? text : text.replace('\n', ' ');
  await textbox(region, field.label).fill(typed);
  return typed;
}

describe('the forms', () => {
  const playground = usePlayground({ plugin: ECHO });

  test('draw every field of manifest.json, and each reaches the plugin under its key', async () => {
    const page = await playground.open();
    const expected = {};
    for (const field of Object.values(manifest.properties)) {
      if (field.type === 'react-component-headers') continue;
      const box = source(page).getByLabel(field.label, { exact: true });
      expected[field.key] = `${field.key} as typed`;
      await box.fill(expected[field.key]);
    }
    const { key, label } = manifest.properties.headers;
    await source(page).getByLabel(`${label}, key 1`).fill('x-team');
    await source(page).getByLabel(`${label}, value 1`).fill('ai');
    await source(page).getByLabel(`${label}, key 2`).fill('x-floor');
    expected[key] = [
      ['x-team', 'ai'],
      ['x-floor', ''],
      ['', ''],
    ];

    await run(page);
    const { sourceOptions } = await rawValue(page, 'data');
    assert.deepEqual(sourceOptions, expected);
    assert.deepEqual(
      Object.keys(expected).sort(),
      Object.keys(manifest.source.options).sort(),
      'the test filled every option of the data source',
    );
  });

  for (const { name, value: operation } of properties.operation.list) {
    test(`draw every field of ${name}, and each reaches the plugin under its key`, async () => {
      const page = await playground.open();
      const form = query(page);
      await choose(form, 'Operation', name);
      if (properties[operation].advanced) await choose(form, 'Advanced', 'On');

      const expected = { ...defaults, operation };
      if (properties[operation].advanced) expected.advanced = 'on';
      for (const field of fieldsOf(properties[operation])) {
        expected[field.key] = await fillField(form, field);
      }
      await textbox(form, 'Timeout ( ms )').fill('60000');
      expected.query_timeout = '60000';

      await run(page);
      const { queryOptions } = await rawValue(page, 'data');
      assert.deepEqual(queryOptions, expected);
    });
  }

  test('hide the advanced fields until Advanced is on', async () => {
    const page = await playground.open();
    const form = query(page);
    for (const { name, value: operation } of properties.operation.list) {
      const { on, ...branch } = properties[operation];
      await choose(form, 'Operation', name);
      const shown = await form.locator('.field .label').allTextContents();
      for (const { label } of fieldsIn(on).filter(({ label }) => !labelsOf(branch).has(label))) {
        assert.ok(!shown.includes(label), `${name} shows ${label} while Advanced is off`);
      }
    }
  });

  test('explain a field when its label is pressed', async () => {
    const page = await playground.open();
    const label = query(page).getByRole('button', { name: 'Temperature' });
    await label.click();
    await query(page).getByText(properties.chat.temperature.tooltip).waitFor();
    await label.press('Enter');
    assert.equal(await query(page).getByText(properties.chat.temperature.tooltip).count(), 0);
  });

  test('keep the value of a key that two operations share', async () => {
    const page = await playground.open();
    await textbox(query(page), 'Prompt').fill('Once upon a time');
    await choose(query(page), 'Operation', 'Completions');
    assert.equal(await textbox(query(page), 'Prompt').textContent(), 'Once upon a time');
  });

  test('leave a key out until its field is touched, and then send an empty text', async () => {
    const page = await playground.open();
    await run(page);
    const untouched = await rawValue(page, 'data');
    assert.deepEqual(untouched.queryOptions, defaults);
    await textbox(query(page), 'Model').fill('gpt-5.5');
    await textbox(query(page), 'Model').fill('');
    await run(page);
    const { queryOptions } = await rawValue(page, 'data');
    assert.equal(queryOptions.model, '');
  });

  test('start with the defaults of operations.json', async () => {
    const page = await playground.open();
    const shown = await dropdown(query(page), 'Operation').evaluate(
      (select) => select.selectedOptions[0].textContent,
    );
    const chosen = properties.operation.list.find(({ value }) => value === defaults.operation);
    assert.equal(shown, chosen.name);
  });

  test('hand over the typed value of a field that is one template', async () => {
    const page = await playground.open();
    const form = query(page);
    await textbox(form, 'Temperature').fill('{{components.numberinput1.value}}');
    await textbox(form, 'Message history').fill('{{components.chat1.history}}');
    await textbox(form, 'Prompt').fill('Title:\n{{components.table1.selectedRow.title}}');
    await textbox(form, 'Suffix').fill('{{components.nowhere.value}}');
    await form
      .getByText("undefined Cannot read properties of undefined (reading 'value')")
      .waitFor();
    await run(page);
    const { queryOptions } = await rawValue(page, 'data');
    assert.equal(queryOptions.temperature, 0.7);
    assert.equal(queryOptions.message_history[0].content, 'My name is Ada.');
    assert.equal(queryOptions.prompt, 'Title: Invoice 1042');
    assert.ok(!('suffix' in queryOptions));
  });

  test('resolve templates against the components as they are edited', async () => {
    const page = await playground.open();
    await page.getByText('Components', { exact: true }).click();
    const components = textbox(query(page), 'Components');
    await textbox(query(page), 'Max Tokens').fill('{{components.slider1.value * 2}}');
    await components.fill('{ "slider1": { "value": 21 } }');
    await query(page).getByText('number 42').waitFor();
    await components.fill('{ "slider1": ');
    await query(page).getByText('Not used yet').waitFor();
    await run(page);
    const { queryOptions } = await rawValue(page, 'data');
    assert.equal(queryOptions.max_tokens, 42);
  });

  test('offer the paths of the components while a template is typed', async () => {
    const page = await playground.open();
    await textbox(query(page), 'Prompt').click();
    await page.keyboard.type('{{components.textin');
    await page.getByRole('option', { name: /components\.textinput1\.value/ }).click();
    await query(page).getByText('string "What is the capital of France?"').waitFor();
  });
});

const labelsOf = (branch) => new Set(fieldsIn(branch).map(({ label }) => label));
