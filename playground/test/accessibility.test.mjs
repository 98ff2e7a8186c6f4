import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { TOOLJETS } from '../../harness/forms.mjs';
import { answerWith, MARKDOWN } from './answers.mjs';
import { drawn, usePlayground } from './browser.mjs';
import { illegibleWhenHovered } from './contrast.mjs';
import {
  choose,
  groupButton,
  openExample,
  openTab,
  query,
  result,
  source,
  textbox,
} from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The serious and critical findings of axe-core, one per line. */
async function problemsOn(page) {
  await page.addScriptTag({ path: AXE }).catch(() => page.evaluate(readFileSync(AXE, 'utf8')));
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** Starts a query and a connection test that never end. */
async function keepRunning(page) {
  await page.route(/\/api\/(run|test-connection)$/, () => {});
  await query(page).getByRole('button', { name: 'Run' }).click();
  await source(page).getByRole('button', { name: 'Test connection' }).click();
  await source(page).getByText('Testing…').waitFor();
  await result(page).getByText('Running…').waitFor();
}

const widths = (page) =>
  page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    room: document.documentElement.clientWidth,
  }));

const STATES = {
  'as it opens': async () => {},
  'with a menu of examples': (page) => groupButton(page, 'Chat').click(),
  'while a query runs': keepRunning,
  'while another query runs': async (page) => {
    await openExample(page, 'Embed a text');
    await keepRunning(page);
  },
  'with an answer': (page) => openExample(page, 'Answer a text input'),
  'with a tree': (page) => openExample(page, 'Embed a text'),
  'with a table': (page) => openExample(page, 'List image models'),
  'with Markdown': async (page, _tooljet, { mockApi }) => {
    mockApi.respondWith(answerWith(`${MARKDOWN}\n![map](https://example.com/map.png)`));
    await openExample(page, 'Answer a text input');
    mockApi.respondWith(undefined);
    await result(page).locator('.markdown').waitFor();
  },
  'after it was stopped': async (page) => {
    await openExample(page, 'Draw');
    await keepRunning(page);
    await query(page).getByRole('button', { name: 'Stop', exact: true }).click();
  },
  'with an image': (page) => openExample(page, 'Draw'),
  'with a failure': (page) => openExample(page, 'Wrong key'),
  'with the requests': async (page) => {
    await openExample(page, 'Busy server');
    await openTab(page, /^Requests/);
  },
  'with everything open': async (page, tooljet) => {
    await choose(query(page), 'Advanced', 'On');
    if (tooljet === 3) await query(page).getByRole('button', { name: 'Temperature' }).click();
    await page.getByText('Components', { exact: true }).click();
    await textbox(query(page), 'Prompt').fill('{{components.nowhere.value}}');
    await textbox(query(page), 'System prompt').fill('{{components.textinput1.value}}');
    await source(page).getByLabel('Headers, key 1').fill('x-team');
    await source(page).getByRole('button', { name: 'Test connection' }).click();
    await source(page).getByText('Connection verified').waitFor();
  },
};

describe('the page', () => {
  const playground = usePlayground({ plugin });

  for (const tooljet of TOOLJETS) {
    for (const colorScheme of ['light', 'dark']) {
      for (const [state, reach] of Object.entries(STATES)) {
        test(`the page has no serious problem ${state}, ToolJet ${tooljet}, ${colorScheme}`, async () => {
          const page = await playground.open({ colorScheme, tooljet });
          await reach(page, tooljet, playground);
          assert.deepEqual(await problemsOn(page), []);
        });
      }
    }

    for (const colorScheme of ['light', 'dark']) {
      test(`the page has no serious problem on a narrow screen, ToolJet ${tooljet}, ${colorScheme}`, async () => {
        const page = await playground.open({ width: 390, height: 844, tooljet, colorScheme });
        await openExample(page, 'Answer a text input');
        assert.deepEqual(await problemsOn(page), []);
        await keepRunning(page);
        assert.deepEqual(await problemsOn(page), [], 'while it runs');
      });
    }
  }

  for (const colorScheme of ['light', 'dark']) {
    for (const state of [
      'with an answer',
      'while a query runs',
      'with a failure',
      'with everything open',
    ]) {
      test(`every control is legible under the pointer ${state}, ${colorScheme}`, async () => {
        const page = await playground.open({ colorScheme, tooljet: 3 });
        await STATES[state](page, 3);
        assert.deepEqual(await illegibleWhenHovered(page), []);
      });
    }
  }

  for (const [width, tooljet] of [1280, 900, 390].flatMap((width) =>
    TOOLJETS.map((tooljet) => [width, tooljet]),
  )) {
    test(`the page needs no horizontal scrolling at ${width} pixels, ToolJet ${tooljet}`, async () => {
      const page = await playground.open({ width, height: 844, tooljet });
      await openExample(page, 'Fill a gap');
      await openTab(page, /^Request/);
      const { content, room } = await widths(page);
      assert.equal(content, room);
      await keepRunning(page);
      assert.equal((await widths(page)).content, room, 'while it runs');
    });
  }

  test('scrolls to the result when it is below the form', async () => {
    const page = await playground.open({ width: 390, height: 844 });
    await openExample(page, 'Answer a text input');
    await page.waitForFunction(
      () => document.querySelector('.result').getBoundingClientRect().top < innerHeight / 2,
    );
  });

  test('follows the theme of the system until the button is pressed', async () => {
    const page = await playground.open({ colorScheme: 'dark' });
    const background = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await background();
    await page.getByRole('button', { name: 'Dark theme', pressed: true }).click();
    const light = await background();
    assert.notEqual(light, dark);
    await page.reload();
    await drawn(page);
    assert.equal(await background(), light, 'kept after a reload');
    await page.emulateMedia({ colorScheme: 'light' });
    assert.equal(await background(), light);
  });

  test('the page can be used with the keyboard alone', async () => {
    const page = await playground.open();
    const focused = () =>
      page.evaluate(
        () => document.activeElement.ariaLabel ?? document.activeElement.textContent.trim(),
      );
    await textbox(query(page), 'Prompt').focus();
    await page.keyboard.type('Say ping');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /System prompt/, 'Tab leaves a code field');
    await page.keyboard.press('Control+Enter');
    await result(page).getByText('This is a test.', { exact: true }).waitFor();
    await result(page).getByRole('tab', { name: 'Answer' }).focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(), 'Request');
    assert.match(await result(page).getByRole('tabpanel').textContent(), /POST \/v1\/chat/);
    await page.keyboard.press('Tab');
    assert.equal(
      await page.evaluate(() => document.activeElement.getAttribute('role')),
      'tabpanel',
      'a result that scrolls can be reached',
    );
  });
});
