import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { usePlayground } from './browser.mjs';
import { openExample, openTab, result, source } from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const FOLDER = new URL('../screenshots/', import.meta.url);
const MAX_BYTES = 300_000;

const SCREENSHOTS = [
  {
    name: 'chat',
    take: async (page) => {
      await source(page).getByRole('button', { name: 'Test connection' }).click();
      await source(page).getByText('Connection verified').waitFor();
      await openExample(page, 'Answer a text input');
    },
  },
  { name: 'image-dark', colorScheme: 'dark', take: (page) => openExample(page, 'Draw') },
  { name: 'failure', tooljet: 3, take: (page) => openExample(page, 'Temperature 3') },
  {
    name: 'failure-tooljet-2',
    tooljet: 2,
    take: async (page) => {
      await openExample(page, 'Wrong key');
      await result(page).getByText('As ToolJet 2 shows it').click();
    },
  },
  {
    name: 'request-dark',
    colorScheme: 'dark',
    tooljet: 2,
    take: async (page) => {
      await openExample(page, 'Answer in JSON');
      await openTab(page, 'Request');
    },
  },
  {
    name: 'narrow',
    width: 390,
    height: 844,
    tooljet: 2,
    take: (page) => openExample(page, 'Continue a text'),
  },
];

/** Only a port and a duration differ between runs, and the screenshots should stay the same. */
async function fixWhatVaries(page, { port }) {
  await page.route('**/api/run', async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    const answer = JSON.parse(text.replaceAll(`localhost:${port}`, 'localhost:4701'));
    await route.fulfill({ response, json: { ...answer, elapsedMs: 24 } });
  });
}

describe('screenshots', () => {
  const playground = usePlayground({ plugin });

  for (const { name, take, ...options } of SCREENSHOTS) {
    test(`takes the screenshot ${name}`, async () => {
      const page = await playground.open(options);
      await fixWhatVaries(page, playground.mockApi);
      await take(page);
      await page.mouse.move(0, 0);
      await page.evaluate(() => {
        document.activeElement.blur();
        const images = [...document.querySelectorAll('.image')].map((image) => image.decode());
        return Promise.all([document.fonts.ready, ...images]);
      });
      await source(page)
        .getByLabel('Base URL')
        .evaluate((input) => {
          input.value = 'http://localhost:4701/v1';
        });
      const path = fileURLToPath(new URL(`${name}.png`, FOLDER));
      await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
      assert.ok(statSync(path).size < MAX_BYTES, `${name}.png is too big to be committed`);
    });
  }
});
