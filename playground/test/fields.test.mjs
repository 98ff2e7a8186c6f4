import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DATA_SOURCE } from '../../forms/data-source.mjs';
import { OPERATIONS } from '../../forms/operations.mjs';
import { TOOLJETS } from '../../harness/forms.mjs';
import { readForms } from '../forms.mjs';
import { drawn, usePlayground } from './browser.mjs';
import { ECHO } from './echo.mjs';
import {
  choose,
  chosen,
  dropdown,
  query,
  rawValue,
  run,
  shownLabels,
  source,
  textbox,
} from './page.mjs';

const { operations, manifest } = readForms();
const { defaults } = operations;
const CHAT = OPERATIONS.find(({ value }) => value === 'chat');
const PROMPT = CHAT.basic.find(({ key }) => key === 'prompt');

/** Types or chooses something in a field, and returns what the plugin should get. */
async function fillField(form, { key, label, control, list }, tooljet) {
  if (control === 'dropdown') {
    const { name, value } = list.at(-1);
    await choose(form, label, name);
    return value;
  }
  const text = `${key} "as" typed,\n2 lines`;
  await textbox(form, label).fill(text);
  return tooljet === 2 ? text.replace('\n', ' ') : text;
}

/** Returns what a field shows for the value that `fillField` entered. */
const shownIn = (form, { label, control }) =>
  control === 'dropdown'
    ? chosen(form, label)
    : textbox(form, label)
        .locator('.cm-line')
        .allTextContents()
        .then((lines) => lines.join('\n'));

for (const tooljet of TOOLJETS) {
  describe(`in ToolJet ${tooljet}, the forms`, () => {
    const playground = usePlayground({ plugin: ECHO });
    const open = () => playground.open({ tooljet });

    test(`draws every field of the data source in ToolJet ${tooljet}, and passes each to the plugin`, async () => {
      const page = await open();
      const form = source(page);
      assert.deepEqual(
        await shownLabels(form),
        DATA_SOURCE.map(({ label }) => label),
      );
      const expected = {};
      for (const { key, label, control, list } of DATA_SOURCE) {
        if (control === 'pairs') continue;
        if (control === 'dropdown') {
          expected[key] = list.at(-1).value;
          await choose(form, label, list.at(-1).name);
        } else {
          expected[key] = `${key} as typed`;
          await form.getByLabel(label, { exact: true }).fill(expected[key]);
        }
      }
      await form.getByLabel('Headers, key 1').fill('x-team');
      await form.getByLabel('Headers, value 1').fill('ai');
      await form.getByLabel('Headers, key 2').fill('x-floor');
      expected.headers = [
        ['x-team', 'ai'],
        ['x-floor', ''],
        ['', ''],
      ];

      await run(page);
      const { sourceOptions } = await rawValue(page, 'data');
      assert.deepEqual(sourceOptions, expected);
    });

    test(`says in ToolJet ${tooljet} that the API key is stored encrypted`, async () => {
      const page = await open();
      const secrets = DATA_SOURCE.filter(({ secret }) => secret);
      const notes = source(page).locator('.storage');
      assert.deepEqual(
        await notes.allTextContents(),
        secrets.map(() => 'Encrypted'),
      );
    });

    for (const { name, value: operation, basic, advanced } of OPERATIONS) {
      const flips = advanced ? ['Operation', 'Advanced'] : ['Operation'];
      const own = tooljet === 3 ? ['Timeout ( ms )'] : [];
      const expectedLabels = (fields) => [...flips, ...fields.map(({ label }) => label), ...own];

      test(`draws every field of ${name} in ToolJet ${tooljet}, and passes each to the plugin under its key`, async () => {
        const page = await open();
        const form = query(page);
        await choose(form, 'Operation', name);
        assert.deepEqual(await shownLabels(form), expectedLabels(basic));
        if (advanced) await choose(form, 'Advanced', 'On');
        const fields = [...basic, ...(advanced ?? [])];
        assert.deepEqual(await shownLabels(form), expectedLabels(fields));

        const expected = { ...defaults, operation };
        if (advanced) expected.advanced = 'on';
        for (const field of fields) expected[field.key] = await fillField(form, field, tooljet);
        if (tooljet === 3) {
          await textbox(form, 'Timeout ( ms )').fill('60000');
          expected.query_timeout = '60000';
        }
        await run(page);
        const { queryOptions } = await rawValue(page, 'data');
        assert.deepEqual(queryOptions, expected);
      });

      test(`keeps the values of ${name} in ToolJet ${tooljet} when Advanced and Operation are switched`, async () => {
        const page = await open();
        const form = query(page);
        await choose(form, 'Operation', name);
        if (advanced) await choose(form, 'Advanced', 'On');
        const fields = [...basic, ...(advanced ?? [])];
        for (const field of fields) await fillField(form, field, tooljet);
        const shown = () => Promise.all(fields.map((field) => shownIn(form, field)));
        const before = await shown();
        if (advanced) {
          await choose(form, 'Advanced', 'Off');
          await choose(form, 'Advanced', 'On');
        }
        for (const other of OPERATIONS) await choose(form, 'Operation', other.name);
        await choose(form, 'Operation', name);
        assert.deepEqual(await shown(), before);
      });
    }

    test(`shows Select.. in ToolJet ${tooljet} when nothing is chosen`, async () => {
      const page = await open();
      // As in a query saved by ToolJet's own plugin.
      await page.route('**/api/setup', async (route) => {
        const response = await route.fetch();
        const setup = await response.json();
        setup.operations.defaults = { operation: 'chat' };
        await route.fulfill({ response, json: setup });
      });
      // The page stores its query when it is left, so the next page clears that.
      await page.addInitScript(() => sessionStorage.clear());
      await page.reload();
      await drawn(page);
      assert.equal(await chosen(query(page), 'Advanced'), 'Select..');
      assert.equal(await chosen(query(page), 'Response format'), 'Select..');
      assert.ok(await textbox(query(page), 'Prompt').isVisible());
    });

    test(`truncates no placeholder in ToolJet ${tooljet} at 1280 pixels`, async () => {
      const page = await open();
      const form = query(page);
      for (const { name, advanced } of OPERATIONS) {
        await choose(form, 'Operation', name);
        if (advanced) await choose(form, 'Advanced', 'On');
        const tooLong = await form.locator('.code-editor').evaluateAll((editors) =>
          editors
            .filter((editor) => editor.clientHeight < 60)
            .map((editor) => editor.querySelector('.cm-placeholder'))
            .filter((text) => text.scrollWidth > text.clientWidth || text.clientHeight > 24)
            .map((text) => text.textContent),
        );
        assert.deepEqual(tooLong, []);
      }
    });

    test(`leaves a key out in ToolJet ${tooljet} until its field is touched, and then sends an empty string`, async () => {
      const page = await open();
      await run(page);
      const untouched = await rawValue(page, 'data');
      assert.deepEqual(untouched.queryOptions, defaults);
      await textbox(query(page), 'Model').fill('gpt-5.5');
      await textbox(query(page), 'Model').fill('');
      await run(page);
      const { queryOptions } = await rawValue(page, 'data');
      assert.equal(queryOptions.model, '');
    });

    test(`passes on the typed value of a field that is one template in ToolJet ${tooljet}`, async () => {
      const page = await open();
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
      assert.equal(queryOptions.message_history[0].message, 'My name is Ada.');
      assert.equal(queryOptions.prompt, 'Title: Invoice 1042');
      assert.ok(!('suffix' in queryOptions));
    });
  });
}

describe('the forms', () => {
  const playground = usePlayground({ plugin: ECHO });
  const explanation = (page) => query(page).getByText(PROMPT.help, { exact: true });

  test('explains a field in ToolJet 3 when its label is pressed', async () => {
    const page = await playground.open({ tooljet: 3 });
    const label = query(page).getByRole('button', { name: 'Prompt', exact: true });
    await label.click();
    await explanation(page).waitFor();
    await label.press('Enter');
    assert.equal(await explanation(page).count(), 0);
    assert.equal(await query(page).getByRole('button', { name: 'Advanced' }).count(), 0);
  });

  test('has plain labels in ToolJet 2', async () => {
    const page = await playground.open({ tooljet: 2 });
    assert.equal(await page.locator('.label-button').count(), 0);
    await query(page).locator('.label', { hasText: 'Prompt' }).last().click();
    assert.equal(await explanation(page).count(), 0);
  });

  test('draws lines of 32 pixels and editors in ToolJet 2', async () => {
    const page = await playground.open({ tooljet: 2 });
    const height = async (label) => {
      const editor = query(page).locator('.code-editor', { has: textbox(page, label) });
      return (await editor.boundingBox()).height;
    };
    assert.equal(await height('Model'), 32);
    assert.ok((await height('Prompt')) >= 150);
  });

  test('says that a secret is stored in clear when the manifest lets ToolJet 2 do so', async () => {
    const page = await playground.open({ tooljet: 2 });
    await page.route('**/api/setup', async (route) => {
      const response = await route.fetch();
      const setup = await response.json();
      await route.fulfill({
        response,
        json: { ...setup, manifest: { ...manifest, defaults: {} } },
      });
    });
    await page.reload();
    await source(page).getByText('Stored in clear').waitFor();
    await page.getByRole('radio', { name: 'ToolJet 3' }).check();
    await source(page).getByText('Encrypted').waitFor();
  });

  test('keeps the forms filled in, also after a reload, when the ToolJet is switched', async () => {
    const page = await playground.open();
    assert.ok(await page.getByRole('radio', { name: 'ToolJet 3' }).isChecked());
    await textbox(query(page), 'Prompt').fill('Say ping');
    await source(page).getByLabel('Project ID').fill('proj_1');
    await page.getByRole('radio', { name: 'ToolJet 2' }).check();
    assert.equal(await textbox(query(page), 'Prompt').textContent(), 'Say ping');
    assert.equal(await source(page).getByLabel('Project ID').inputValue(), 'proj_1');
    await page.reload();
    assert.ok(await page.getByRole('radio', { name: 'ToolJet 2' }).isChecked());
    assert.ok(page.url().endsWith('/#tooljet-2'));
  });

  test('starts with the defaults of operations.json', async () => {
    const page = await playground.open();
    const expected = OPERATIONS.find(({ value }) => value === defaults.operation);
    assert.equal(await chosen(query(page), 'Operation'), expected.name);
    assert.ok(await dropdown(query(page), 'Response format').isVisible());
  });

  test('keeps the value of a key that two operations share', async () => {
    const page = await playground.open();
    await textbox(query(page), 'Prompt').fill('Once upon a time');
    await choose(query(page), 'Operation', 'Completions');
    assert.equal(await textbox(query(page), 'Prompt').textContent(), 'Once upon a time');
  });

  test('resolves templates against the components as they are edited', async () => {
    const page = await playground.open();
    await page.getByText('Components', { exact: true }).click();
    const components = textbox(query(page), 'Components');
    await textbox(query(page), 'Max tokens').fill('{{components.slider1.value * 2}}');
    await components.fill('{ "slider1": { "value": 21 } }');
    await query(page).getByText('number 42').waitFor();
    await run(page);
    const { queryOptions } = await rawValue(page, 'data');
    assert.equal(queryOptions.max_tokens, 42);
  });

  test('offers the paths of the components while a template is typed', async () => {
    const page = await playground.open();
    await textbox(query(page), 'Prompt').click();
    await page.keyboard.type('{{components.textin');
    await page.getByRole('option', { name: /components\.textinput1\.value/ }).click();
    await query(page).getByText('string "What is the capital of France?"').waitFor();
  });
});
