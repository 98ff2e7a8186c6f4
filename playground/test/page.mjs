// Uses the page as a person does: by the names of its controls.

import { EXAMPLES } from '../examples.mjs';

export const source = (page) => page.getByRole('region', { name: 'Data source' });
export const query = (page) => page.getByRole('region', { name: 'Query' });
export const result = (page) => page.getByRole('region', { name: 'Result' });
export const examples = (page) => page.getByRole('navigation', { name: 'Examples' });

export const textbox = (region, name) => region.getByRole('textbox', { name, exact: true });
export const dropdown = (region, name) => region.getByRole('combobox', { name, exact: true });

export async function choose(region, name, option) {
  await dropdown(region, name).selectOption({ label: option });
}

/** The value that a dropdown shows. */
export const chosen = (region, name) =>
  dropdown(region, name).evaluate((select) => select.selectedOptions[0].textContent);

/** The labels of the visible fields, in order. */
export const shownLabels = (region) =>
  region.locator('.field .label > :first-child').allTextContents();

/** Presses Run and waits for "Success" or "Failed". */
export async function run(page) {
  await query(page).getByRole('button', { name: 'Run' }).click();
  return verdict(page);
}

/** Opens an example, and waits until it has run. */
export async function openExample(page, name) {
  await chooseExample(page, name);
  return verdict(page);
}

/** Chooses an example in the menu of its group, or in the only menu of a narrow page. */
export async function chooseExample(page, name) {
  const menu = dropdown(examples(page), 'Example');
  if (await menu.isVisible()) await menu.selectOption({ value: name });
  else await chooseFromGroup(page, name);
}

async function chooseFromGroup(page, name) {
  const { group } = EXAMPLES.find(({ queries }) => queries.some(({ title }) => title === name));
  await groupButton(page, group).click();
  await offered(page, group).getByRole('button', { name, exact: true }).click();
}

/** The button that opens the menu of a group. */
export const groupButton = (page, group) =>
  examples(page).getByRole('button', { name: group, exact: true });

/** The examples of a group whose menu is open. */
export const offered = (page, group) =>
  examples(page).getByRole('list', { name: `Examples of ${group}` });

async function verdict(page) {
  return result(page)
    .getByRole('status')
    .getByText(/^(Success|Failed)$/)
    .textContent();
}

/** Opens a tab of the result and returns its text. */
export async function openTab(page, name) {
  await result(page).getByRole('tab', { name }).click();
  return shownResult(page);
}

export const shownResult = (page) => result(page).getByRole('tabpanel').textContent();

/** The raw JSON of `data` or `metadata`. */
export async function rawValue(page, name) {
  const value = result(page).locator('.value', { hasText: `queries.openai1.${name}` });
  await value.getByRole('radio', { name: 'Raw' }).check();
  return JSON.parse(await value.locator('.raw').textContent());
}

/** The body of the last request. */
export async function sentBody(page) {
  await openTab(page, /^Request/);
  const text = await result(page).locator('.raw-request .body').last().textContent();
  await openTab(page, /^(Answer|Error)/);
  return JSON.parse(text);
}

/** Whether an element is completely in view within its panel. */
export const isInView = (locator) => locator.evaluate(isWithinPanel);

/**
 * Waits until an element is completely in view within its panel, because the page scrolls only
 * after drawing.
 */
export async function scrolledIntoView(locator) {
  const element = await locator.elementHandle();
  await locator.page().waitForFunction(isWithinPanel, element);
}

/** Runs in the page, so it cannot use anything from this file. */
function isWithinPanel(element) {
  const { top, bottom } = element.getBoundingClientRect();
  const panel = element.closest('.panel-body, .panel').getBoundingClientRect();
  // On a narrow page, the buttons at the bottom cover this much of it.
  const covered = parseFloat(getComputedStyle(document.documentElement).scrollPaddingBottom) || 0;
  return top >= Math.max(0, panel.top) && bottom <= Math.min(innerHeight - covered, panel.bottom);
}

/**
 * Stops the page's clock, and with it anything shown only for a while: `page.clock.runFor` advances
 * it.
 */
export async function stopClock(page) {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(60 * 60 * 1000);
}

/** Waits until an element has the focus. */
export const focused = (locator) => locator.and(locator.page().locator(':focus')).waitFor();
