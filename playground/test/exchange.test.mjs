// What the page shows of a request and its response, and above the result.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TOOLJETS } from '../../harness/forms.mjs';
import { startMockApi } from '../../mock-api/server.mjs';
import { usePlayground } from './browser.mjs';
import { openExample, openTab, query, result, run, source, stopClock, textbox } from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const KEY = 'sk-mock-api-5f1c9e7a';

const copied = (page) => page.evaluate(() => navigator.clipboard.readText());

async function openWithClipboard(playground, options) {
  const page = await playground.open(options);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  return page;
}

describe('a finished query', () => {
  const playground = usePlayground({ plugin });

  for (const tooljet of TOOLJETS) {
    test(`shows model, tokens, time and adjustments, ToolJet ${tooljet}`, async () => {
      const page = await playground.open({ tooljet });
      await openExample(page, 'Reason');
      const summary = result(page).locator('.summary');
      assert.match(
        await summary.textContent(),
        /^gpt-5\.5-2026-04-23 · \d+ tokens in, \d+ out · [\d.]+ m?s/,
      );
      assert.deepEqual(await summary.getByRole('listitem').allTextContents(), [
        'Temperature left out: gpt-5.5 does not accept it',
      ]);
    });
  }

  test('shows each response next to its request', async () => {
    const page = await playground.open();
    await openExample(page, 'Answer a text input');
    await openTab(page, 'Request');
    const response = result(page).getByRole('region', { name: 'Raw response' });
    assert.match(
      await response.locator('.headers').textContent(),
      /content-type: application\/json/,
    );
    const { choices } = JSON.parse(await response.locator('.body').textContent());
    assert.equal(choices[0].message.content, 'The capital of France is Paris.');
    assert.match(await response.textContent(), /^HTTP 200/);

    await openExample(page, 'Busy server');
    await openTab(page, 'Requests (3)');
    await response.nth(2).waitFor();
    assert.match(await response.nth(2).textContent(), /^HTTP 429/);
  });

  test('shows the response of the real API, without the key that it repeats', async (context) => {
    const other = await startMockApi();
    context.after(() => other.close());
    other.respondWith(({ headers }) => ({
      status: 401,
      headers: { 'content-type': 'application/json', 'set-cookie': 'session=secret' },
      body: { error: { message: `Unknown: ${headers.authorization}`, type: 'invalid' } },
    }));
    const page = await playground.open();
    await page.getByRole('radio', { name: 'Real API' }).check();
    await source(page).getByLabel('API key').fill(KEY);
    await source(page).getByLabel('Base URL').fill(other.baseUrl);
    await textbox(query(page), 'Prompt').fill('Say ping');
    assert.equal(await run(page), 'Failed');
    await openTab(page, 'Request');
    const response = result(page).getByRole('region', { name: 'Raw response' });
    const text = await response.textContent();
    assert.match(text, /^HTTP 401/);
    assert.match(text, /Unknown: Bearer \[redacted\]/);
    assert.match(text, /set-cookie: \[redacted\]/);
    assert.ok(!(await page.locator('body').textContent()).includes(KEY));
  });

  test('copies the answer, the request and the response', async () => {
    const page = await openWithClipboard(playground);
    await openExample(page, 'Answer a text input');
    await stopClock(page);
    const copy = (region) => region.getByRole('button', { name: 'Copy', exact: true }).click();
    await copy(result(page).locator('.value', { hasText: 'queries.openai1.data' }));
    await result(page).getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await copied(page), 'The capital of France is Paris.');
    await openTab(page, 'Request');
    for (const [name, expected] of [
      ['Raw request', /^POST \/v1\/chat\/completions\n[\s\S]*"messages"/],
      ['Raw response', /^HTTP 200\n[\s\S]*"choices"/],
    ]) {
      const message = result(page).getByRole('region', { name });
      await copy(message);
      await message.getByRole('button', { name: 'Copied' }).waitFor();
      assert.match(await copied(page), expected);
    }
  });

  test('copies the request as cURL, without the key', async () => {
    const page = await openWithClipboard(playground);
    await openExample(page, 'Answer a text input');
    await stopClock(page);
    await openTab(page, 'Request');
    await result(page).getByRole('button', { name: 'Copy as cURL' }).click();
    await result(page).getByRole('button', { name: 'Copied' }).waitFor();
    const command = await copied(page);
    assert.ok(command.startsWith(`curl '${playground.mockApi.baseUrl}/chat/completions'`));
    assert.match(command, /"authorization: Bearer \$OPENAI_API_KEY"/);
    assert.doesNotMatch(command, /sk-|redacted/);
  });
});
