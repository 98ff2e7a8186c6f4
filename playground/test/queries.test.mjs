import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TOOLJETS } from '../../harness/forms.mjs';
import { startMockApi } from '../../mock-api/server.mjs';
import { EXAMPLES } from '../examples.mjs';
import { usePlayground } from './browser.mjs';
import {
  choose,
  chooseExample,
  focused,
  groupButton,
  offered,
  openExample,
  openTab,
  query,
  rawValue,
  result,
  run,
  shownResult,
  source,
  textbox,
} from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const KEY = 'sk-mock-api-5f1c9e7a';

async function testConnection(page) {
  await source(page).getByRole('button', { name: 'Test connection' }).click();
  const status = source(page).getByRole('status');
  await status.getByText(/./).first().waitFor();
  return status.textContent();
}

const OPERATIONS = [
  {
    name: 'Completions',
    fill: { Prompt: 'Once upon a time', 'Max tokens': '64' },
    path: '/v1/completions',
    check: ({ data }) => assert.match(data, /^ there was a lighthouse/),
  },
  {
    name: 'Chat',
    fill: { Prompt: 'What is the capital of France?', 'System prompt': 'Be brief.' },
    path: '/v1/chat/completions',
    check: ({ data, metadata }) => {
      assert.equal(data, 'The capital of France is Paris.');
      assert.equal(metadata.finish_reason, 'stop');
    },
  },
  {
    name: 'Generate image',
    fill: { Prompt: 'A lighthouse', Size: '1024x1024' },
    path: '/v1/images/generations',
    check: ({ data }) => assert.equal(data.status, 'success'),
  },
  {
    name: 'Generate embedding',
    fill: { Input: 'A lighthouse', Dimensions: '8' },
    path: '/v1/embeddings',
    check: ({ data }) => assert.equal(data.embedding.length, 8),
  },
  {
    name: 'List models',
    fill: { Filter: 'gpt-5' },
    path: '/v1/models',
    check: ({ data }) => assert.match(JSON.stringify(data), /gpt-5/),
  },
];

describe('the playground', () => {
  const playground = usePlayground({ plugin });

  test('fills both forms from scratch, tests the connection and runs every operation', async () => {
    const page = await playground.open();
    const form = source(page);
    for (const label of ['API key', 'Base URL']) {
      await form.getByLabel(label, { exact: true }).fill('');
    }
    await form.getByLabel('API key').fill(KEY);
    await form.getByLabel('Base URL').fill(playground.mockApi.baseUrl);
    await form.getByLabel('Organization ID').fill('org-mock-api');
    await form.getByLabel('Project ID').fill('proj_mock_api');
    await form.getByLabel('Headers, key 1').fill('x-gateway-token');
    await form.getByLabel('Headers, value 1').fill('gateway-secret-1');
    await form.getByLabel('Timeout (seconds)').fill('30');
    await form.getByLabel('Max retries').fill('0');
    assert.equal(await testConnection(page), 'Connection verified');

    for (const { name, fill, path, check } of OPERATIONS) {
      await choose(query(page), 'Operation', name);
      for (const [label, text] of Object.entries(fill)) {
        await textbox(query(page), label).fill(text);
      }
      assert.equal(await run(page), 'Success', name);
      const data = await rawValue(page, 'data');
      const metadata = await rawValue(page, 'metadata');
      check({ data, metadata });
      assert.ok(metadata.request_id, `${name} has metadata`);

      const request = await openTab(page, /^Request/);
      assert.ok(request.includes(path), `${name} shows the request to ${path}`);
      assert.match(request, /openai-organization: org-mock-api/);
      assert.match(request, /authorization: Bearer \[redacted\]/);
      assert.match(request, /x-gateway-token: \[redacted\]/);
      await openTab(page, 'Answer');
    }
  });

  test('explains why a connection test with a wrong key fails', async () => {
    for (const tooljet of TOOLJETS) {
      const page = await playground.open({ tooljet });
      await source(page).getByLabel('API key').fill('sk-not-a-key-of-anybody-0000');
      const message = await testConnection(page);
      assert.match(message, /Connection could not be established: .*API key/i);
      assert.doesNotMatch(message, /anybody/);
      // ToolJet 3 adds the details, ToolJet 2 drops them.
      assert.equal(/"status":401/.test(message), tooljet === 3);
    }
  });

  test('leads back to the mock API after its base URL was changed', async () => {
    const page = await playground.open();
    const url = source(page).getByLabel('Base URL', { exact: true });
    const note = source(page).getByText('A mock API on this machine answers.');
    await note.waitFor();
    await url.fill('http://localhost:1/v1');
    await note.waitFor({ state: 'detached' });
    await source(page).getByRole('button', { name: 'Back to the mock API' }).click();
    await note.waitFor();
    await focused(url);
    assert.equal(await url.inputValue(), playground.mockApi.baseUrl);
    assert.equal(await testConnection(page), 'Connection verified');
  });

  test('cancels a query and shows nothing of it when the API is switched', async () => {
    const page = await playground.open();
    await page.route('**/api/run', () => {});
    const ended = page.waitForEvent('requestfailed');
    await query(page).getByRole('button', { name: 'Run' }).click();
    await result(page).getByText('Running').waitFor();
    await page.getByRole('radio', { name: 'Real API' }).check({ force: true });
    await ended;
    assert.doesNotMatch(await result(page).textContent(), /Running|does not answer/);
  });

  test('shows a failed query as ToolJet 3 does', async () => {
    const page = await playground.open({ tooljet: 3 });
    assert.equal(await openExample(page, 'Wrong key'), 'Failed');
    const [debuggerLine] = await result(page).locator('.failure').allTextContents();
    assert.match(debuggerLine, /^Debugger: openai1.*API key/i);
    const error = await shownResult(page);
    assert.match(error, /queries\.openai1\.error/);
    assert.match(error, /message"Query could not be completed/);
    assert.match(error, /status\D*401/);
    assert.match(error, /metadata/);
  });

  test('shows a failed query as ToolJet 2 does', async () => {
    const page = await playground.open({ tooljet: 2 });
    assert.equal(await openExample(page, 'Wrong key'), 'Failed');
    const toast = await result(page).locator('.toast').textContent();
    assert.match(toast, /API key/i);
    const shown = await shownResult(page);
    assert.match(shown, /Preview/);
    assert.doesNotMatch(shown, /queries\.openai1|Query could not be completed/);
  });

  test('shows no metadata in ToolJet 2', async () => {
    const page = await playground.open({ tooljet: 2 });
    assert.equal(await openExample(page, 'Answer a text input'), 'Success');
    assert.doesNotMatch(await shownResult(page), /metadata/);
    await openExample(page, 'Answer and details');
    const { answer, usage } = await rawValue(page, 'data');
    assert.equal(answer, 'The capital of France is Paris.');
    assert.ok(usage.total_tokens > 0);
  });

  test('clears the result when the ToolJet is switched', async () => {
    const page = await playground.open();
    await openExample(page, 'Wrong key');
    await page.getByRole('radio', { name: 'ToolJet 2' }).check();
    await result(page).getByText('Choose an example above').waitFor();
  });

  test('shows that a value out of range is rejected before anything is sent', async () => {
    const page = await playground.open();
    assert.equal(await openExample(page, 'Temperature 3'), 'Failed');
    assert.match(await shownResult(page), /temperature/i);
    assert.match(await openTab(page, 'Request'), /No request was sent/);
  });

  test('shows every attempt when the server is busy', async () => {
    const page = await playground.open();
    assert.equal(await openExample(page, 'Busy server'), 'Failed');
    await result(page).getByRole('tab', { name: 'Requests (3)' }).waitFor();
  });

  test('runs every example with one press', async () => {
    for (const tooljet of TOOLJETS) {
      const page = await playground.open({ tooljet });
      for (const { group, queries } of EXAMPLES) {
        for (const { title } of queries) {
          const expected = group === 'Failures' ? 'Failed' : 'Success';
          const verdict = await openExample(page, title);
          assert.equal(verdict, expected, `${group}: ${title}: ${await shownResult(page)}`);
        }
      }
    }
  });

  test('draws the image of an image query', async () => {
    const page = await playground.open();
    await openExample(page, 'Draw');
    const image = result(page).getByRole('img');
    await image.waitFor();
    assert.equal(
      await image.evaluate((image) => image.decode().then(() => image.naturalWidth)),
      1024,
    );
  });

  test('runs the query on Ctrl-Enter in any of its fields', async () => {
    const page = await playground.open();
    await textbox(query(page), 'Prompt').fill('Say ping');
    await textbox(query(page), 'Prompt').press('Control+Enter');
    await result(page).getByText('This is a test.', { exact: true }).waitFor();
  });

  test('shows the key only in its field', async () => {
    const page = await playground.open();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await source(page).getByLabel('API key').fill(KEY);
    await textbox(query(page), 'Prompt').fill('Say ping');
    await run(page);
    await openTab(page, 'Request');
    const seen = await result(page).textContent();
    await openTab(page, 'Options');
    assert.ok(!`${seen}${await result(page).textContent()}`.includes(KEY));
    const kept = await page.evaluate(async () => ({
      local: localStorage.length,
      session: Object.keys(sessionStorage).sort(),
      sessionHasKey: JSON.stringify({ ...sessionStorage }).includes('5f1c9e7a'),
      cookie: document.cookie,
      databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length,
    }));
    assert.deepEqual(kept, {
      local: 0,
      session: ['components', 'query'],
      sessionHasKey: false,
      cookie: '',
      databases: 0,
      caches: 0,
    });
    for (const url of asked) {
      assert.ok(url.startsWith(playground.url) && !url.includes(KEY), url);
    }
  });

  test('starts the real API with an empty form and runs nothing by itself', async () => {
    const page = await playground.open();
    await page.getByRole('radio', { name: 'Real API' }).check();
    assert.equal(await source(page).getByLabel('API key').inputValue(), '');
    assert.equal(await source(page).getByLabel('Base URL').inputValue(), '');
    await chooseExample(page, 'Answer a text input');
    await query(page).getByText('You are a concise assistant.').waitFor();
    assert.equal(
      await result(page)
        .getByText(/Success|Failed|Running/)
        .count(),
      0,
    );
    await groupButton(page, 'Failures').click();
    await offered(page, 'Failures').getByRole('button', { name: 'Unknown model' }).waitFor();
    const wrongKey = offered(page, 'Failures').getByRole('button', { name: 'Wrong key' });
    assert.equal(await wrongKey.count(), 0);
  });

  test('shows the request that the real API received, without the key', async (context) => {
    const other = await startMockApi();
    context.after(() => other.close());
    const page = await playground.open();
    await page.getByRole('radio', { name: 'Real API' }).check();
    await source(page).getByLabel('API key').fill(KEY);
    await source(page).getByLabel('Base URL').fill(other.baseUrl);
    await textbox(query(page), 'Prompt').fill('Say ping');
    assert.equal(await run(page), 'Success');
    const shown = await openTab(page, 'Request');
    assert.match(shown, /Recorded by a proxy on this machine/);
    const [{ method, path, headers, body }] = other.requests;
    assert.ok(shown.includes(`${method} ${path}`));
    assert.ok(shown.includes(JSON.stringify(body, null, 2)));
    for (const [name, value] of Object.entries(headers)) {
      assert.ok(shown.includes(`${name}: ${value.replace(KEY, '[redacted]')}\n`), name);
    }
    assert.equal(headers.authorization, `Bearer ${KEY}`);
    assert.ok(!(await page.locator('body').textContent()).includes(KEY));
    await page.getByRole('radio', { name: 'Mock API' }).check();
    assert.notEqual(await source(page).getByLabel('API key').inputValue(), KEY);
  });

  test('explains why a request to the real API is not shown', async () => {
    const page = await playground.open();
    await page.getByRole('radio', { name: 'Real API' }).check();
    await source(page).getByLabel('API key').fill(KEY);
    await source(page).getByLabel('Base URL').fill('http://localhost:1/v1');
    await source(page).getByLabel('Max retries').fill('0');
    await textbox(query(page), 'Prompt').fill('Say ping');
    assert.equal(await run(page), 'Failed');
    assert.match(await shownResult(page), /Nothing listens at localhost:1/);
    assert.match(await openTab(page, 'Request'), /Not recorded: .*ECONNREFUSED/);
  });

  test('reports that its server is gone', async () => {
    const page = await playground.open();
    await page.route('**/api/run', (route) => route.abort());
    await query(page).getByRole('button', { name: 'Run' }).click();
    await result(page)
      .getByText(/does not answer/)
      .waitFor();
  });
});
