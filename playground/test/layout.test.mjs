// What fits, what stays in place, and what survives a reload.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { usePlayground } from './browser.mjs';
import { choose, chosen, openExample, openTab, query, result, source, textbox } from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const KEY = 'sk-mock-api-5f1c9e7a';

/** The placeholders in a region that are wider than their fields. */
const cutPlaceholders = (region) =>
  region.locator('input').evaluateAll((inputs) => {
    const context = document.createElement('canvas').getContext('2d');
    return inputs
      .filter((input) => {
        const style = getComputedStyle(input);
        context.font = style.font;
        const padding =
          Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
        const { width } = context.measureText(input.placeholder);
        return width > input.clientWidth - padding;
      })
      .map(({ placeholder }) => placeholder);
  });

describe('the layout', () => {
  const playground = usePlayground({ plugin });

  for (const width of [1280, 1120, 390]) {
    test(`shows every placeholder of the data source in full at ${width} pixels`, async () => {
      const page = await playground.open({ width });
      await page.evaluate(() => document.fonts.ready);
      assert.deepEqual(await cutPlaceholders(source(page)), []);
    });
  }

  test('leaves the page as high as the window when the result is long', async () => {
    const page = await playground.open();
    await openExample(page, 'Classify 20 tickets');
    await openTab(page, /^Request/);
    const { page: height, window } = await page.evaluate(() => ({
      page: document.documentElement.scrollHeight,
      window: innerHeight,
    }));
    assert.equal(height, window);
  });

  test('shows why a row of a list failed without scrolling sideways', async () => {
    for (const size of [{}, { width: 390, height: 844 }]) {
      const page = await playground.open(size);
      await choose(query(page), 'Operation', 'Chat for a list');
      const prompts = ['What is the capital?', '', 'Say in a whole sentence what you can do.'];
      await textbox(query(page), 'Prompts').fill(JSON.stringify(prompts));
      await query(page).getByRole('button', { name: 'Run' }).click();
      const failed = result(page).getByRole('cell', { name: 'Prompts[1] is empty' });
      const { end, edge } = await failed.evaluate((cell) => ({
        end: cell.getBoundingClientRect().right,
        edge: cell.closest('.table').getBoundingClientRect().right,
      }));
      assert.ok(end <= edge + 1, `${end} of ${edge} px`);
    }
  });

  test('has all switches in one row when the page is 360 pixels wide', async () => {
    const page = await playground.open({ width: 360 });
    const tops = await page.locator('.top-controls > *').evaluateAll((controls) =>
      controls.map((control) => {
        const { top, bottom } = control.getBoundingClientRect();
        return (top + bottom) / 2;
      }),
    );
    assert.equal(tops.length, 3);
    assert.ok(Math.max(...tops) - Math.min(...tops) < 2, tops.join());
  });

  test('shows a failed connection test whole', async () => {
    for (const size of [{ height: 800 }, { height: 560 }, { width: 390, height: 844 }]) {
      const page = await playground.open({ ...size, tooljet: 3 });
      const message = `Connection could not be established: ${'all of this matters '.repeat(40)}`;
      await page.route('**/api/test-connection', (route) =>
        route.fulfill({ json: { result: { status: 'failed', message } } }),
      );
      await source(page).getByRole('button', { name: 'Test connection' }).click();
      const verdict = source(page).getByText(message.trim());
      await verdict.waitFor();
      const { hidden, room } = await verdict.evaluate((element) => {
        const box = element.closest('.test-result');
        const fields = element.closest('.panel').querySelector('.panel-body');
        return { hidden: box.scrollHeight - box.clientHeight, room: fields.clientHeight };
      });
      assert.equal(hidden, 0, JSON.stringify(size));
      assert.ok(room > 100, `${room} px for the fields`);
      await verdict.evaluate((element) => element.scrollIntoView({ block: 'end' }));
      const { bottom, end } = await verdict.evaluate((element) => ({
        bottom: element.getBoundingClientRect().bottom,
        end: innerHeight,
      }));
      assert.ok(bottom <= end, `it ends at ${bottom} of ${end} px`);
    }
  });

  test('scrolls to the result of a connection test that appears out of view', async () => {
    const message = `Connection could not be established: ${'this is what to do. '.repeat(10)}`;
    for (const size of [
      { height: 560 },
      { width: 390, height: 844 },
      { width: 320, height: 480 },
    ]) {
      const page = await playground.open({ ...size, tooljet: 3 });
      await page.route('**/api/test-connection', (route) =>
        route.fulfill({
          json: { result: { status: 'failed', message }, code: 'address_blocked' },
        }),
      );
      await textbox(source(page), 'Base URL').fill('http://127.0.0.1:9/v1');
      const button = source(page).getByRole('button', { name: 'Test connection' });
      await button.evaluate((element) => element.scrollIntoView({ block: 'end' }));
      await button.click();
      const advice = source(page).getByText('write localhost');
      // The page scrolls only after drawing.
      await page.waitForFunction(
        (element) => {
          const bar = document.querySelector('.run-buttons');
          const isAtEnd = getComputedStyle(bar).position === 'fixed';
          const end = isAtEnd ? bar.getBoundingClientRect().top : innerHeight;
          return element.getBoundingClientRect().bottom <= end;
        },
        await advice.elementHandle(),
      );
    }
  });

  test('scrolls to the new result when a narrow page shows the end of the previous one', async () => {
    const page = await playground.open({ width: 390, height: 844 });
    await openExample(page, 'Classify 20 tickets');
    const top = () => result(page).evaluate((panel) => panel.getBoundingClientRect().top);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    assert.ok((await top()) < 0, `${await top()} px`);
    await query(page).getByRole('button', { name: 'Run' }).click();
    await page.waitForFunction(
      () => document.querySelector('.result').getBoundingClientRect().top >= 0,
    );
  });

  test('has Run and Stop in view wherever a narrow page is scrolled', async () => {
    const page = await playground.open({ width: 390, height: 844 });
    const runButton = query(page).getByRole('button', { name: 'Run' });
    const top = async (button) => (await button.boundingBox()).y;
    const first = await top(runButton);
    assert.ok(first > 700 && first < 800, `${first} px`);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    assert.equal(await top(runButton), first);
    const end = await result(page).evaluate((panel) => panel.getBoundingClientRect().bottom);
    assert.ok(end < first, 'the end of the page is not covered');

    const before = await runButton.boundingBox();
    await page.route('**/api/run', () => {});
    await runButton.click();
    const stop = query(page).getByRole('button', { name: 'Stop', exact: true });
    assert.equal(await top(stop), first);
    const running = query(page).getByRole('button', { name: 'Running…' });
    assert.deepEqual(await running.boundingBox(), before, 'a second press does not stop it');
  });

  test('covers neither a focused field nor the line being written on a narrow page', async () => {
    const page = await playground.open({ width: 390, height: 600 });
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement;
        const bar = document.querySelector('.run-buttons');
        // Of a code field, which may be higher than the window, the line with the cursor.
        const lines = [...element.querySelectorAll('.cm-line')];
        const line = lines.find((each) => each.contains(getSelection().anchorNode)) ?? element;
        const { bottom } = line.getBoundingClientRect();
        return {
          name: element.ariaLabel ?? element.textContent,
          isLast: element.closest('.result') !== null || element === document.body,
          isCovered: !bar.contains(element) && bottom > bar.getBoundingClientRect().top,
        };
      });
    await source(page).getByLabel('API key').focus();
    const names = [];
    for (let now = await focused(); !now.isLast; now = await focused()) {
      assert.ok(!now.isCovered, now.name);
      names.push(now.name);
      await page.keyboard.press('Tab');
    }
    assert.ok(names.length > 20, names.join());

    const prompt = textbox(query(page), 'Prompt');
    await prompt.focus();
    for (let line = 0; line < 25; line += 1) {
      await page.keyboard.press('Enter');
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
      assert.ok(!(await focused()).isCovered, `line ${line}`);
    }
  });

  test('keeps a number with its unit in the line above a result', async () => {
    const page = await playground.open();
    await openExample(page, 'Continue a text');
    const time = result(page).locator('.fact').last();
    assert.match(await time.textContent(), /\d m?s$/);
    assert.equal(await time.evaluate((fact) => fact.getClientRects().length), 1);
    await time.evaluate((fact) => {
      fact.closest('.summary').style.width = `${fact.offsetWidth + 22}px`;
    });
    const { height } = await time.boundingBox();
    assert.ok(height < 25, `${height} px`);
  });

  test('keeps the form in place when a field is explained', async () => {
    for (const width of [1280, 390]) {
      const page = await playground.open({ width, tooljet: 3 });
      const label = query(page).getByRole('button', { name: 'Temperature' });
      await label.scrollIntoViewIfNeeded();
      const positions = () =>
        query(page)
          .locator('.field')
          .evaluateAll((fields) => fields.map((field) => field.getBoundingClientRect().top));
      const before = await positions();
      await label.click();
      const tooltip = query(page).locator('.tooltip');
      await tooltip.waitFor();
      assert.deepEqual(await positions(), before);

      await page.keyboard.press('Escape');
      assert.equal(await tooltip.count(), 0);
      assert.ok(await label.evaluate((element) => element === document.activeElement));
      await label.click();
      await tooltip.waitFor();
      await tooltip.click();
      assert.equal(await tooltip.count(), 0, 'a press closes what is in the way');
    }
  });
});

describe('a reload', () => {
  const playground = usePlayground({ plugin });

  test('keeps the query and the components, and no key', async () => {
    const page = await playground.open();
    await source(page).getByLabel('API key').fill(KEY);
    await choose(query(page), 'Operation', 'Completions');
    await textbox(query(page), 'Prompt').fill('Once upon a time');
    await page.getByText('Components', { exact: true }).click();
    await textbox(query(page), 'Components').fill('{"textinput1": {"value": "kept"}}');
    const kept = await page.evaluate(() => ({ ...sessionStorage }));
    assert.deepEqual(Object.keys(kept).sort(), ['components', 'query']);
    assert.ok(!JSON.stringify(kept).includes(KEY));

    await page.reload();
    assert.equal(await chosen(query(page), 'Operation'), 'Completions');
    await query(page).getByText('Once upon a time').waitFor();
    await textbox(query(page), 'Suffix').fill('{{components.textinput1.value}}');
    await query(page).getByText('string "kept"').waitFor();
    assert.notEqual(await source(page).getByLabel('API key').inputValue(), KEY);
    assert.equal(await result(page).getByRole('tab').count(), 0);
  });

  test('shows a new query after Reset', async () => {
    const page = await playground.open();
    await openExample(page, 'Continue a text');
    await query(page).getByRole('button', { name: 'Reset', exact: true }).click();
    await page.reload();
    assert.equal(await chosen(query(page), 'Operation'), 'Chat');
    assert.equal(await query(page).getByText('Once upon a time').count(), 0);
  });

  test('shows the sample components after Reset', async () => {
    const page = await playground.open();
    await page.getByText('Components', { exact: true }).click();
    await textbox(query(page), 'Components').fill('{"textinput1": ');
    await query(page).getByRole('alert').waitFor();
    await query(page).getByRole('button', { name: 'Reset', exact: true }).click();
    await query(page).getByRole('alert').waitFor({ state: 'detached' });
    await page.reload();
    await textbox(query(page), 'Suffix').fill('{{components.textinput1.value}}');
    await query(page).getByText('string "What is the capital of France?"').waitFor();
  });
});
