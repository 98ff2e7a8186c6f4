// What the page shows of a failed query, in addition to what ToolJet shows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TOOLJETS } from '../../harness/forms.mjs';
import { usePlayground } from './browser.mjs';
import {
  choose,
  dropdown,
  focused,
  isInView,
  openExample,
  openTab,
  query,
  result,
  run,
  scrolledIntoView,
  source,
  textbox,
} from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');

describe('a failed query', () => {
  const playground = usePlayground({ plugin });

  test('leads to Advanced when the schema that it needs is hidden', async () => {
    const page = await playground.open();
    await textbox(query(page), 'Prompt').fill('Say ping');
    await choose(query(page), 'Response format', 'JSON with a schema (in Advanced)');
    assert.equal(await run(page), 'Failed');
    await result(page).getByRole('button', { name: 'Go to Advanced' }).click();
    await focused(dropdown(query(page), 'Advanced'));
  });

  for (const tooljet of TOOLJETS) {
    test(`says that localhost is accepted when a base URL has the number of this machine, ToolJet ${tooljet}`, async () => {
      const page = await playground.open({ tooljet });
      const url = source(page).getByLabel('Base URL', { exact: true });
      await url.fill(playground.mockApi.baseUrl.replace('localhost', '127.0.0.1'));
      await textbox(query(page), 'Prompt').fill('Say ping');
      assert.equal(await run(page), 'Failed');
      const advice = 'In the playground, write localhost in the Base URL instead.';
      await result(page).locator('.failure-card').getByText(advice).waitFor();

      await source(page).getByRole('button', { name: 'Test connection' }).click();
      await source(page).getByText(advice).waitFor();
    });
  }

  for (const tooljet of TOOLJETS) {
    test(`shows what happened and what to do, and folds the rest, ToolJet ${tooljet}`, async () => {
      const page = await playground.open({ tooljet });
      await openExample(page, 'Wrong key');
      const card = result(page).locator('.failure-card');
      assert.match(await card.textContent(), /What happenedThe API returned HTTP 401.*provided/);
      assert.match(await card.textContent(), /What to doCheck the API key in the data source/);
      const folded = result(page).locator('.fold');
      assert.equal(await folded.getAttribute('open'), null);
      await folded.getByText(`As ToolJet ${tooljet} shows it`).click();
      await folded.locator(tooljet === 2 ? '.toast' : '.failure').waitFor();
    });

    test(`marks the field that it is about and scrolls to it, ToolJet ${tooljet}`, async () => {
      const page = await playground.open({ tooljet });
      const temperature = textbox(query(page), 'Temperature');
      assert.ok(!(await isInView(temperature)));
      await textbox(query(page), 'Prompt').fill('Say ping');
      await temperature.fill('3');
      await query(page)
        .locator('.panel-body')
        .evaluate((body) => {
          body.scrollTop = 0;
        });
      assert.equal(await run(page), 'Failed');
      await query(page).locator('.field-failed').waitFor();
      assert.equal(await temperature.getAttribute('aria-invalid'), 'true');
      const description = await temperature.getAttribute('aria-describedby');
      assert.match(await page.locator(`[id="${description}"]`).textContent(), /from 0 to 2/);
      await scrolledIntoView(temperature);
      await temperature.fill('1');
      await query(page).locator('.field-failed').waitFor({ state: 'detached' });
      assert.equal(await temperature.getAttribute('aria-invalid'), null);
    });
  }

  test('leads to the field when the button is pressed on a narrow page', async () => {
    const page = await playground.open({ width: 390, height: 844 });
    await openExample(page, 'Wrong key');
    await result(page).getByRole('button', { name: 'Go to API key' }).click();
    await focused(source(page).getByLabel('API key'));
    await page.waitForFunction(() => {
      const { top, bottom } = document.activeElement.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
  });

  test('unmarks the field when the next run begins', async () => {
    const page = await playground.open();
    await openExample(page, 'Wrong key');
    await source(page).locator('.field-failed').waitFor();
    await openExample(page, 'Answer a text input');
    assert.equal(await page.locator('.field-failed').count(), 0);
  });

  test('opens the Error tab, whichever tab was open', async () => {
    const page = await playground.open();
    await openExample(page, 'Answer a text input');
    await openTab(page, 'Request');
    await openExample(page, 'Wrong key');
    await result(page).getByRole('tab', { name: 'Error', selected: true }).waitFor();
  });
});
