// The plugin in a ToolJet: installed over HTTP, used, and upgraded in place.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { startMockApi } from '../mock-api/server.mjs';
import { BUILT, startMarketplace } from './marketplace/processes.mjs';
import { startTooljet } from './marketplace/tooljet.mjs';
import { REGISTRY } from './marketplace/workspace.mjs';

/** A plugin from ToolJet's marketplace; every query returns the plugin's name. */
const toolJetsOwn = (id) => ({
  'dist/index.js': `module.exports.default = class {
    async run() { return { status: 'ok', data: 'the ${id} plugin of ToolJet' }; }
  };`,
  'lib/manifest.json': JSON.stringify({ source: { name: id, kind: id, options: {} } }),
  'lib/operations.json': JSON.stringify({ properties: {} }),
  'lib/icon.svg': '<svg/>',
});
const KEY = 'sk-mock-api-test';
const OLD_OPENAI = 'the openai plugin of ToolJet';

let mockApi;
let toolJetsMarketplace;
let marketplace;
let tooljet;

before(async () => {
  mockApi = await startMockApi();
  toolJetsMarketplace = http.createServer((request, response) => {
    const [, id, file] = /^\/marketplace-assets\/(\w+)\/(.*)$/.exec(request.url) ?? [];
    const text = id && toolJetsOwn(id)[file];
    response.writeHead(text ? 200 : 404).end(text);
  });
  await new Promise((resolve) => toolJetsMarketplace.listen(0, '127.0.0.1', resolve));
  marketplace = await startMarketplace(['--upstream', upstream()]);
});
after(async () => {
  toolJetsMarketplace?.close();
  await Promise.all([marketplace?.stop(), mockApi?.close()]);
});
beforeEach(async (t) => {
  mockApi.reset();
  tooljet = await startTooljet({ marketplace: marketplace.url });
  t.after(() => tooljet.stop());
});

const upstream = () => `http://127.0.0.1:${toolJetsMarketplace.address().port}`;

async function install(...args) {
  const { code, stderr } = await tooljet.install({ args });
  assert.equal(code, 0, stderr);
  return (await tooljet.plugins()).find(({ pluginId }) => pluginId === 'openai');
}

/**
 * As saved by the old plugin's form, except for base_url, because the mock API has another URL than
 * OpenAI.
 */
const savedSource = (plugin) =>
  tooljet.createDataSource({
    plugin,
    options: [
      { key: 'apiKey', value: KEY, encrypted: true },
      { key: 'organizationId', value: '' },
      { key: 'base_url', value: mockApi.baseUrl },
    ],
  });

/** Keys that ToolJet keeps in every query. */
const KEPT = {
  transformationLanguage: 'javascript',
  enableTransformation: false,
  runOnPageLoad: false,
  query_timeout: '',
};

/** Queries as the forms of the old plugin saved them since 2023. */
const SAVED = [
  {
    what: 'a completion of 2023, when the form had no model',
    options: { operation: 'completion', prompt: 'Once upon a time', max_tokens: '', suffix: '' },
    data: /^ there was a lighthouse/,
  },
  {
    what: 'a completion with the model that OpenAI has shut down',
    options: {
      operation: 'completion',
      model: 'gpt-3.5-turbo-instruct',
      prompt: '{{components.textarea1.value}}',
      max_tokens: '{{64}}',
      temperature: '',
      stop_sequence: '',
      suffix: '',
    },
    values: { '{{components.textarea1.value}}': 'Once upon a time', '{{64}}': 64 },
    data: /^ there was a lighthouse/,
  },
  {
    what: 'a chat with every field filled in',
    options: {
      operation: 'chat',
      model: 'gpt-4o',
      prompt: 'What is the capital of {{components.textinput1.value}}?',
      max_tokens: '67',
      temperature: '0',
      stop_sequence: 'zzz',
      suffix: '',
    },
    values: { '{{components.textinput1.value}}': 'France' },
    data: /^The capital of France is Paris\.$/,
  },
  {
    what: 'a chat of 2026 with history, and fields left from another operation',
    options: {
      operation: 'chat',
      model: 'gpt-5',
      system_prompt: 'Be brief.',
      message_history: '{{variables.history}}',
      prompt: 'What is 6 * 7?',
      temperature: '0.3',
      size: '1024x1024',
      input_M1: 'left over',
    },
    values: { '{{variables.history}}': [{ role: 'user', content: 'Hi' }] },
    data: /^6 \* 7 = 42$/,
  },
  {
    what: 'an embedding',
    options: {
      operation: 'generate_embedding',
      model_embedding: 'text-embedding-3-small',
      input_M1: 'a calm sea',
      encoding_format_M1: 'float',
      dimensions_M1: '4',
    },
    data: ({ embedding }) => embedding.length === 4,
  },
  {
    what: 'an embedding whose keys ToolJet has de-camelised',
    options: {
      operation: 'generate_embedding',
      model_embedding: 'text-embedding-ada-002',
      input__m3: 'a calm sea',
      encoding_format__m3: 'float',
    },
    data: ({ embedding }) => embedding.length === 1536,
  },
  {
    what: 'an image',
    options: {
      operation: 'image_generation',
      model: 'gpt-image-2',
      prompt: 'hills',
      size: '1024x1024',
    },
    data: ({ status, data }) => status === 'success' && data.b64_json.startsWith('iVBOR'),
  },
];

async function assertSavedQueriesWork(queries) {
  for (const [at, { what, values, data: expected }] of SAVED.entries()) {
    const { status, data, description } = await tooljet.run(queries[at], values);
    assert.equal(status, 'ok', `${what}: ${description}`);
    const isExpected = typeof expected === 'function' ? expected(data) : expected.test(data);
    assert.ok(isExpected, `${what}: ${JSON.stringify(data).slice(0, 200)}`);
  }
}

const saveQueries = (source) =>
  Promise.all(SAVED.map(({ options }) => tooljet.createQuery(source, { ...KEPT, ...options })));

test('installs the built folder over HTTP and runs queries at once', async () => {
  const plugin = await install();
  assert.deepEqual(
    plugin.manifestFile.data,
    JSON.parse(readFileSync(join(BUILT, 'lib/manifest.json'), 'utf8')),
  );
  const source = await savedSource(plugin);
  assert.deepEqual(await tooljet.testConnection(source), { status: 'ok' });
  await assertSavedQueriesWork(await saveQueries(source));
});

test('passes a failed query to the browser without the key', async () => {
  const source = await savedSource(await install());
  const query = await tooljet.createQuery(source, {
    operation: 'chat',
    prompt: 'x',
    temperature: 3,
  });
  const { status, message, description } = await tooljet.run(query);
  assert.equal(status, 'failed');
  assert.equal(message, 'Query could not be completed');
  assert.match(description, /temperature/i);
});

test('installs other plugins from ToolJet’s marketplace through the same origin', async () => {
  const cohere = await tooljet.installFromPage(REGISTRY.find(({ id }) => id === 'cohere'));
  const source = await tooljet.createDataSource({ plugin: cohere, options: [] });
  const query = await tooljet.createQuery(source, {});
  assert.equal((await tooljet.run(query)).data, 'the cohere plugin of ToolJet');
});

test('replaces ToolJet’s own openai without changing its data sources and queries', async () => {
  await tooljet.restart({ marketplace: upstream() });
  const old = await tooljet.installFromPage(REGISTRY.find(({ id }) => id === 'openai'));
  const queries = await saveQueries(await savedSource(old));
  assert.equal((await tooljet.run(queries[0])).data, OLD_OPENAI);
  await tooljet.restart({ marketplace: marketplace.url });
  assert.equal((await tooljet.run(queries[0])).data, OLD_OPENAI);

  const plugin = await install('--upgrade');
  assert.equal(plugin.id, old.id);
  assert.equal(
    plugin.version,
    old.version,
    'the marketplace page offers no update to the replaced plugin',
  );
  assert.equal((await tooljet.run(queries[0])).data, OLD_OPENAI, 'new code without a restart');

  assert.equal(await tooljet.restart(), 0);
  await assertSavedQueriesWork(queries);
});

test('upgrades without disturbing running queries', async (t) => {
  const next = mkdtempSync(join(tmpdir(), 'next-'));
  t.after(() => rmSync(next, { recursive: true }));
  cpSync(BUILT, next, { recursive: true });
  const index = join(next, 'dist/index.js');
  const text = readFileSync(index, 'utf8').replace(
    'module.exports.default = OpenAI;',
    `module.exports.default = class extends OpenAI {
       async run(...args) { return { ...(await super.run(...args)), build: 'next' }; }
     };`,
  );
  writeFileSync(index, text);
  const newer = await startMarketplace(['--folder', next, '--upstream', upstream()]);
  t.after(() => newer.stop());

  const plugin = await install('--version', '1.0.0');
  const queries = await saveQueries(await savedSource(plugin));
  await tooljet.restart({ marketplace: newer.url });

  // The API delays these responses until the upgrade is complete.
  const held = [];
  mockApi.respondWith(() => new Promise((resolve) => held.push(() => resolve(undefined))));
  const running = Promise.all([0, 1, 2].map((at) => tooljet.run(queries[at], SAVED[at].values)));
  while (mockApi.inFlight < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  const { version } = await install('--upgrade', '--folder', next);
  assert.equal(version, '1.0.4');
  mockApi.respondWith(undefined);
  for (const release of held) release();
  for (const { status, build } of await running) {
    assert.equal(status, 'ok');
    assert.equal(build, undefined);
  }

  await assertSavedQueriesWork(queries);
  assert.equal((await tooljet.run(queries[0])).build, undefined, 'new code without a restart');
  assert.equal(await tooljet.restart(), 0);
  assert.equal((await tooljet.run(queries[0])).build, 'next');
  await assertSavedQueriesWork(queries);
});
