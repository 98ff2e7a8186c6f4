// What the page shows while a query is edited, by an example or by hand.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TOOLJETS } from '../../harness/forms.mjs';
import { EXAMPLES } from '../examples.mjs';
import { shownField } from '../src/shown-field.js';
import { usePlayground } from './browser.mjs';
import {
  chosen,
  dropdown,
  examples,
  focused,
  groupButton,
  offered,
  openExample,
  query,
  result,
  run,
  scrolledIntoView,
  source,
  textbox,
} from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');

describe('an example', () => {
  const playground = usePlayground({ plugin });

  for (const tooljet of TOOLJETS) {
    test(`shows the field that it is about, and marks it, ToolJet ${tooljet}`, async () => {
      const page = await playground.open({ tooljet });
      for (const example of EXAMPLES.flatMap(({ queries }) => queries)) {
        await openExample(page, example.title);
        const marked = page.locator('.field-example, .field-failed');
        // A failure may be about nothing in the forms, such as an exhausted account.
        assert.equal(await marked.count(), 1, example.title);
        await scrolledIntoView(marked);
        const region = shownField(example).form === 'source' ? source(page) : query(page);
        assert.equal(await region.locator('.field-example, .field-failed').count(), 1);
      }
    });
  }

  test('adds the components that are missing and keeps those that were edited', async () => {
    const page = await playground.open();
    await page.getByText('Components', { exact: true }).click();
    const components = textbox(query(page), 'Components');
    await components.fill('{"textinput1": {"value": "What is the capital of Kenya?"}}');
    assert.equal(await openExample(page, 'Remember'), 'Success');
    await openExample(page, 'Answer a text input');
    await result(page).getByText('The capital of Kenya is Nairobi.').waitFor();
  });

  test('is no longer chosen once anything is edited', async () => {
    const page = await playground.open();
    const chosen = offered(page, 'Chat').locator('[aria-current]');
    const lit = examples(page).locator('.chip[aria-current]');
    for (const edit of [
      () => textbox(query(page), 'Prompt').fill('Something else'),
      () => source(page).getByLabel('Project ID').fill('proj_1'),
    ]) {
      await openExample(page, 'Answer a text input');
      assert.equal(await lit.textContent(), 'Chat');
      await groupButton(page, 'Chat').click();
      assert.equal(await chosen.textContent(), 'Answer a text input');
      await scrolledIntoView(page.locator('.field-example'));
      await edit();
      assert.equal(await lit.count(), 0);
      await groupButton(page, 'Chat').click();
      await offered(page, 'Chat').waitFor();
      assert.equal(await chosen.count(), 0);
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('.field-example').count(), 0);
    }
  });

  test('is scrolled to on a narrow page when it does not run', async () => {
    const page = await playground.open({ width: 390, height: 844 });
    await page.getByRole('radio', { name: 'Real API' }).check();
    await dropdown(examples(page), 'Example').selectOption({ label: 'Remember' });
    await page.waitForFunction(() => {
      const { top, bottom } = document.querySelector('.field-example').getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
    await query(page).locator('.field-example').getByText('{{components.chat1.history}}').waitFor();
  });

  test('is chosen in a menu of one row on a narrow page, also twice', async () => {
    const page = await playground.open({ width: 390, height: 844 });
    assert.equal(await examples(page).getByRole('button').count(), 0, 'the menus are hidden');
    const { height } = await examples(page).boundingBox();
    assert.ok(height < 60, `${height} px`);
    await openExample(page, 'Answer a text input');
    assert.equal(await chosen(examples(page), 'Example'), 'Answer a text input');
    const again = page.waitForRequest('**/api/run');
    await openExample(page, 'Answer a text input');
    await again;
    await textbox(query(page), 'Prompt').fill('Something else');
    assert.equal(await chosen(examples(page), 'Example'), 'Choose an example');
    await openExample(page, 'Answer a text input');
    await query(page).getByText('{{components.textinput1.value}}').waitFor();
  });
});

describe('the components', () => {
  const playground = usePlayground({ plugin });
  const title = (page) => page.getByText('Components', { exact: true });
  const BROKEN = '{"textinput1": {"value": "Hello"}';

  test('are scrolled into view when they are opened', async () => {
    for (const viewport of [{ width: 1280 }, { width: 390, height: 844 }]) {
      const page = await playground.open(viewport);
      await title(page).click();
      await scrolledIntoView(page.locator('.components'));
    }
  });

  test('stop a query with a template and show why while they are not valid JSON', async () => {
    for (const viewport of [{ width: 1280 }, { width: 390, height: 844 }]) {
      const page = await playground.open(viewport);
      let runs = 0;
      page.on('request', (request) => {
        runs += request.url().endsWith('/api/run') ? 1 : 0;
      });
      await title(page).click();
      const components = textbox(query(page), 'Components');
      await components.fill(BROKEN);
      await title(page).click();
      await textbox(query(page), 'Prompt').fill('{{components.textinput1.value}}');
      await query(page).getByRole('button', { name: 'Run' }).click();
      await result(page)
        .getByText(/^The query did not run, because Components/)
        .waitFor();
      assert.equal(await result(page).getByText('Success').count(), 0);
      await scrolledIntoView(query(page).getByRole('alert'));
      await focused(components);
      assert.equal(runs, 0);

      await textbox(query(page), 'Prompt').fill('Say this is a test.');
      assert.equal(await run(page), 'Success', 'it does without a template');
      assert.equal(runs, 1);
    }
  });

  test('stay as they are when an example is chosen while they are not valid JSON', async () => {
    const page = await playground.open();
    await title(page).click();
    const components = textbox(query(page), 'Components');
    await components.fill(BROKEN);
    await groupButton(page, 'Chat').click();
    await offered(page, 'Chat').getByRole('button', { name: 'Remember' }).click();
    await result(page)
      .getByText(/^The query did not run/)
      .waitFor();
    assert.equal(await components.textContent(), BROKEN);
  });
});

describe('the menus of examples', () => {
  const playground = usePlayground({ plugin });

  test('take at most two rows, and show every example within the page', async () => {
    for (const width of [1280, 900]) {
      const page = await playground.open({ width });
      const { height } = await examples(page).boundingBox();
      assert.ok(height < 80, `${height} px at ${width}`);
      for (const { group, queries } of EXAMPLES) {
        await groupButton(page, group).click();
        const list = offered(page, group);
        assert.deepEqual(
          await list.getByRole('button').allTextContents(),
          queries.map(({ title }) => title),
        );
        const { x, width: listWidth } = await list.boundingBox();
        assert.ok(x >= 0 && x + listWidth <= width, `${group} at ${width}`);
        assert.equal(await examples(page).getByRole('list').count(), 1, 'one is open at a time');
      }
    }
  });

  test('can be used with the keyboard alone', async () => {
    const page = await playground.open();
    const chat = groupButton(page, 'Chat');
    await chat.press('Enter');
    await page.keyboard.press('Tab');
    await focused(offered(page, 'Chat').getByRole('button').first());
    await page.keyboard.press('Escape');
    await focused(chat);
    assert.equal(await chat.getAttribute('aria-expanded'), 'false');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await focused(chat);
    await result(page).getByText('The capital of France is Paris.', { exact: true }).waitFor();
    assert.equal(await offered(page, 'Chat').count(), 0);
    await groupButton(page, 'List models').press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await focused(groupButton(page, 'Failures'));
    assert.equal(
      await offered(page, 'List models').count(),
      0,
      'Tab leaves the menu and closes it',
    );
  });
});

describe('the value below a code field', () => {
  const playground = usePlayground({ plugin });

  async function typed(text) {
    const page = await playground.open();
    await textbox(query(page), 'Prompt').focus();
    await page.keyboard.type(text);
    const preview = query(page).locator('.preview');
    const colorOf = (variable) =>
      page.evaluate((name) => {
        const probe = Object.assign(document.createElement('i'), { style: `color: var(${name})` });
        document.body.append(probe);
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      }, variable);
    return { page, preview, colorOf };
  }

  test('shows no problem of a template until it is closed', async () => {
    for (const text of ['{{', '{{compo', '{{components.nowhere.value']) {
      const { page, preview } = await typed(text);
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
      assert.doesNotMatch((await preview.allTextContents()).join(), /undefined|error|token/i, text);
      assert.equal(await query(page).locator('.preview-problem').count(), 0);
    }
    const { page, preview } = await typed('{{components.nowhere.value}}');
    await query(page).locator('.preview-problem').waitFor();
    assert.match(await preview.textContent(), /undefined.*reading 'value'/);
  });

  test('shows the problem when the field is left with the cursor inside', async () => {
    const { page } = await typed('{{compo');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    await query(page).locator('.preview-problem').waitFor();
  });

  test('shows the whole problem, however long it is', async () => {
    const { preview } = await typed(`{{components.${'long_'.repeat(20)}name.value}}`);
    const { page, preview: problem } = await typed(
      `{{components.nowhere.${'long_'.repeat(20)}name}}`,
    );
    await page.setViewportSize({ width: 390, height: 844 });
    for (const shown of [preview, problem]) {
      await shown.and(shown.page().locator('.preview-problem')).waitFor();
      const [content, room] = await shown.evaluate(({ scrollWidth, clientWidth }) => [
        scrollWidth,
        clientWidth,
      ]);
      assert.ok(content <= room, `${content} px in ${room} px`);
    }
  });

  test('is green for a value, and not for undefined', async () => {
    const { preview, colorOf } = await typed('{{components.textinput1.value}}');
    const type = preview.locator('.preview-type');
    const color = () => type.evaluate((element) => getComputedStyle(element).color);
    assert.equal(await color(), await colorOf('--ok'));
    for (const expression of ['components.nothing', 'null']) {
      const { page, preview, colorOf } = await typed(`{{${expression}}}`);
      await query(page).locator('.preview-nothing').waitFor();
      assert.match(await preview.textContent(), /counts as empty/);
      const shown = preview.locator('.preview-type');
      const color = await shown.evaluate((element) => getComputedStyle(element).color);
      assert.equal(color, await colorOf('--warning'));
    }
  });
});
