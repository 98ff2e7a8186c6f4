// A playground for one test file, and a browser that shows it.

import { after, afterEach, before } from 'node:test';
import { chromium } from 'playwright-core';
import { startMockApi } from '../../mock-api/server.mjs';
import { startPlayground } from '../server.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Without it, screenshots differ in pixels that are not visible.
  '--disable-partial-raster',
];

/** Ends a test that waits for something that never happens; nothing should depend on its value. */
const MAX_WAIT_MS = 60_000;

/**
 * Waits until the page has fetched and drawn its forms, and until its fonts have loaded, which
 * shift the layout.
 */
export async function drawn(page) {
  await page.getByRole('region', { name: 'Query' }).waitFor();
  await page.evaluate(() => document.fonts.ready);
}

/**
 * Starts everything before the tests of a file and ends it after them. The returned object is
 * filled before the tests: `mockApi`, `url`, and `open()`, which opens the page with a fresh state. `slowMs`
 * is how long the slow example takes.
 */
export function usePlayground({ plugin, slowMs = 0 }) {
  const playground = {};
  const ends = [];
  const pages = [];

  before(async () => {
    const mockApi = await startMockApi({ slowMs });
    ends.unshift(() => mockApi.close());
    const server = await startPlayground({ plugin, mockApi });
    ends.unshift(() => server.close());
    // Playwright creates an empty profile and removes it at the end.
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: FLAGS,
    });
    ends.unshift(() => browser.close());

    /** Without `tooljet`, the page chooses. */
    async function open({ width = 1280, height = 800, colorScheme = 'light', tooljet } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme });
      pages.push(page);
      page.setDefaultTimeout(MAX_WAIT_MS);
      await page.goto(tooljet ? `${server.url}#tooljet-${tooljet}` : server.url);
      await drawn(page);
      return page;
    }
    Object.assign(playground, { mockApi, url: server.url, open });
  });

  afterEach(() => Promise.all(pages.splice(0).map((page) => page.close())));

  after(async () => {
    for (const end of ends) await end();
  });

  return playground;
}
