// What the page shows while a query runs, and of earlier runs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { usePlayground } from './browser.mjs';
import { contrastOf, MIN_CONTRAST } from './contrast.mjs';
import {
  chooseExample,
  openExample,
  openTab,
  query,
  result,
  scrolledIntoView,
  shownResult,
  source,
  stopClock,
  textbox,
} from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const button = (region, name) => region.getByRole('button', { name, exact: true });

/** Presses Run; the query does not end until `respond` is called. */
async function startRun(page) {
  const sent = new Promise((resolve) => {
    page.route('**/api/run', (route) => resolve({ respond: () => route.continue() }), { times: 1 });
  });
  await button(query(page), 'Run').click();
  return sent;
}

describe('while a query runs, the page', () => {
  const playground = usePlayground({ plugin });

  test('counts the seconds', async () => {
    const page = await playground.open();
    await stopClock(page);
    await startRun(page);
    const elapsed = result(page).locator('.elapsed');
    await page.clock.runFor(3_000);
    await elapsed.getByText('3.0 s').waitFor();
    await page.clock.runFor(61_000);
    await elapsed.getByText('64.0 s').waitFor();
  });

  test('shows the last result in gray, and then the new one', async () => {
    const page = await playground.open();
    await openExample(page, 'Answer a text input');
    const answer = result(page).locator('.text-value');
    const colorOf = () => answer.evaluate((element) => getComputedStyle(element).color);
    const before = await colorOf();
    await textbox(query(page), 'Prompt').fill('Say ping');
    const { respond } = await startRun(page);
    await result(page).getByText('Running…').waitFor();
    assert.equal(await answer.textContent(), 'The capital of France is Paris.');
    assert.notEqual(await colorOf(), before);
    assert.ok((await contrastOf(answer)) >= MIN_CONTRAST);
    await respond();
    await answer.getByText('This is a test.').waitFor();
    assert.equal(await colorOf(), before);
  });

  test('stops it when Stop is pressed', async () => {
    const page = await playground.open();
    await openExample(page, 'Answer a text input');
    await startRun(page);
    const ended = page.waitForEvent('requestfailed');
    const stop = button(query(page), 'Stop');
    const { x, y, width, height } = await stop.boundingBox();
    await stop.click();
    await ended;
    await result(page)
      .getByText(/^Stopped after \d/)
      .waitFor();
    assert.match(await shownResult(page), /The capital of France is Paris\./);
    const run = button(query(page), 'Run');
    assert.ok(await run.evaluate((element) => element === document.activeElement));
    await page.mouse.click(x + width / 2, y + height / 2);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
    assert.match(await textbox(query(page), 'Prompt').textContent(), /textinput1/);
    await run.press('Enter');
    await result(page).getByText('Success').waitFor();
  });
});

describe('the slow example', () => {
  // Nothing waits for it: the first query is stopped.
  const playground = usePlayground({ plugin, slowMs: 10 * 60 * 1000 });

  test('can be stopped, and the next query does not wait for it', async () => {
    const page = await playground.open();
    // Nothing is sent again when the mock API ends.
    await source(page).getByLabel('Max retries').fill('0');
    await chooseExample(page, 'Slow answer');
    await result(page).locator('.elapsed').waitFor();
    await button(query(page), 'Stop').click();
    await result(page)
      .getByText(/^Stopped after \d/)
      .waitFor();
    await openExample(page, 'Answer a text input');
    await result(page).getByText('The capital of France is Paris.', { exact: true }).waitFor();
  });

  test('gives the key back after Reset, so that other queries are not slow', async () => {
    const page = await playground.open();
    await source(page).getByLabel('Max retries').fill('0');
    await chooseExample(page, 'Slow answer');
    await button(query(page), 'Stop').click();
    await button(query(page), 'Reset').click();
    await textbox(query(page), 'Prompt').fill('Say ping');
    await button(query(page), 'Run').click();
    await result(page).getByText('Success').waitFor();
  });

  test('shows on a narrow page that it runs and that it was stopped', async () => {
    const page = await playground.open({ width: 390, height: 844 });
    await source(page).getByLabel('Max retries').fill('0');
    await chooseExample(page, 'Slow answer');
    await scrolledIntoView(result(page).locator('.elapsed'));
    await page.evaluate(() => scrollTo(0, 0));
    await button(query(page), 'Stop').click();
    await scrolledIntoView(result(page).getByText(/^Stopped after \d/));
  });
});

describe('after another query is opened, the page', () => {
  const playground = usePlayground({ plugin });

  test('shows no result when it is a new one', async () => {
    const page = await playground.open();
    await openExample(page, 'Answer a text input');
    await openTab(page, 'Request');
    await button(query(page), 'Reset').click();
    await result(page).getByText('Choose an example above').waitFor();
    assert.doesNotMatch(await result(page).textContent(), /Success|Paris/);
    await textbox(query(page), 'Prompt').fill('Say ping');
    await button(query(page), 'Run').click();
    await result(page).getByRole('tab', { name: 'Answer', selected: true }).waitFor();
  });

  test('shows the answer when it is an example', async () => {
    const page = await playground.open();
    await openExample(page, 'Answer a text input');
    await openTab(page, 'Request');
    await openExample(page, 'Answer in JSON');
    await result(page).getByRole('tab', { name: 'Answer', selected: true }).waitFor();
  });
});

describe('the result of a connection test', () => {
  const playground = usePlayground({ plugin });

  test('disappears when the key changes, by hand or by an example', async () => {
    const page = await playground.open();
    const changes = [
      () => source(page).getByLabel('API key').fill('sk-mock-api-other'),
      () => openExample(page, 'Answer a text input'),
    ];
    const verdict = source(page).locator('.verdict');
    for (const change of changes) {
      await source(page).getByLabel('API key').fill('sk-not-a-key-of-anybody-0000');
      await button(source(page), 'Test connection').click();
      await verdict.waitFor();
      await change();
      assert.equal(await verdict.count(), 0);
    }
  });

  test('is that on the newest options when an older test ends later', async () => {
    const page = await playground.open();
    const first = new Promise((resolve) => {
      page.route('**/api/test-connection', resolve, { times: 1 });
    });
    await button(source(page), 'Test connection').click();
    const older = await first;
    await source(page).getByLabel('API key').fill('sk-not-a-key-of-anybody-0000');
    await button(source(page), 'Test connection').click();
    const verdict = source(page).locator('.verdict');
    await verdict.getByText(/could not be established/).waitFor();
    const ended = page.waitForResponse('**/api/test-connection');
    await older.continue();
    await (await ended).finished();
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
    assert.match(await verdict.textContent(), /could not be established/);
  });
});
