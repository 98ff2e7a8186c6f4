// The built plugin in the harness, and the mock API that it uses.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OPERATIONS as DEFINITIONS } from '../forms/operations.mjs';
import { createHarness } from '../harness/harness.mjs';
import { ENDPOINTS } from '../mock-api/endpoints.mjs';
import { linesOf } from '../mock-api/lines.mjs';
import { startMockApi } from '../mock-api/server.mjs';
import { PATIENCE_MS } from './patience.mjs';

/** PLUGIN can name another build. */
export const PLUGIN =
  process.env.PLUGIN ?? fileURLToPath(new URL('../dist/index.js', import.meta.url));
export const KEY = 'sk-mock-api-test';

export const QUERY_FAILED = 'Query could not be completed';
export const CONNECTION_FAILED = 'Connection could not be established';

/** A query that each operation can run with, without optional fields. */
export const MINIMAL_QUERIES = {
  completion: { operation: 'completion', prompt: 'Once upon a time', model: 'mock-api-instruct' },
  chat: { operation: 'chat', prompt: 'What is the capital of France?' },
  image_generation: { operation: 'image_generation', prompt: 'hills' },
  generate_embedding: { operation: 'generate_embedding', input: 'a calm sea' },
  ...Object.fromEntries(
    DEFINITIONS.filter(({ trial }) => trial).map(({ value, trial }) => [
      value,
      { operation: value, ...trial.query },
    ]),
  ),
};
export const OPERATIONS = DEFINITIONS.map(({ value }) => value);
/** The key of each operation's model. */
export const MODEL_KEYS = Object.fromEntries(
  DEFINITIONS.flatMap(({ value, basic, advanced = [] }) => {
    const model = [...basic, ...advanced].find(({ label }) => label === 'Model');
    return model ? [[value, model.key]] : [];
  }),
);

const NOTHING_FOUND = { flagged: false, categories: {}, category_scores: {} };
/** What a server with Moderation adds to its answer. */
const checked = ({ moderation }) =>
  moderation && { moderation: { input: NOTHING_FOUND, output: NOTHING_FOUND } };

/** The rows of the only batch. */
const BATCH_ROWS = 50;

/** A successful response of each endpoint, for tests in which its content does not matter, nor the model. */
const ANSWERS = {
  ...Object.fromEntries(
    ENDPOINTS.map(({ path, answer, example: { model } }) => [
      path,
      (body, request) => answer({ ...body, model }, request),
    ]),
  ),
  '/completions': { choices: [{ index: 0, text: ' there', finish_reason: 'stop' }] },
  '/chat/completions': (body) => ({
    choices: [{ index: 0, message: { role: 'assistant', content: '{}' }, finish_reason: 'stop' }],
    ...checked(body),
  }),
  '/responses': (body) => ({
    status: 'completed',
    output: [{ type: 'message', content: [{ type: 'output_text', text: '{}', annotations: [] }] }],
    ...checked(body),
  }),
  '/images/generations': { data: [{ b64_json: 'AA' }] },
  '/images/edits': { data: [{ b64_json: 'AA' }] },
  '/embeddings': ({ input }) => ({
    data: (Array.isArray(input) ? input : [input]).map(() => ({ embedding: [0.5] })),
  }),
  '/files': { id: 'file-1' },
  '/files/{id}/content': Array.from({ length: BATCH_ROWS }, (_, row) => ({
    custom_id: `row-${row}`,
    response: { status_code: 200, body: { choices: [{ index: 0, message: { content: '{}' } }] } },
  }))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join(''),
  '/batches': { id: 'batch_1', status: 'validating' },
  '/batches/{id}': {
    status: 'completed',
    output_file_id: 'file-2',
    metadata: {
      tooljet_start: 'file-1',
      tooljet_rows: `${BATCH_ROWS}`,
      tooljet_first_row: '0',
      tooljet_count: `${BATCH_ROWS}`,
      tooljet_reading: '{"path":"chat/completions","n":1}',
    },
  },
  ...Object.fromEntries(
    DEFINITIONS.filter(({ trial }) => trial?.answer).map(({ endpoints, trial }) => [
      endpoints[0],
      trial.answer,
    ]),
  ),
};
/** For `respondWith`: success for every request, below any path. */
export function takesEverything(request) {
  const [path] = request.path.split('?');
  const whole = path.replace(/(?<=\/(?:batches|files)\/)[^/]+/, '{id}');
  const endpoint = Object.keys(ANSWERS)
    .filter((each) => whole.endsWith(each))
    .sort((a, b) => b.length - a.length)[0];
  const answer = ANSWERS[endpoint];
  return {
    headers: { 'content-type': 'application/json' },
    body: typeof answer === 'function' ? answer(request.body, request) : answer,
  };
}

/** The rows in the file that a request has uploaded; none if it has uploaded none. */
export async function rowsOf({ files }) {
  const rows = [];
  for await (const { text } of linesOf(files?.file?.content?.pieces() ?? [])) {
    rows.push(JSON.parse(text));
  }
  return rows;
}

/** For `respondWith`: an error in the API's envelope. */
export const apiError = (status, error, headers = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: {
    error: { message: 'no', type: 'invalid_request_error', param: null, code: null, ...error },
  },
});

export const harness = createHarness({ text: readFileSync(PLUGIN, 'utf8'), loader: 'E' });

/** The mock API of this test file, which starts with the file and is reset for each test. */
export const mockApi = await startMockApi();
beforeEach(() => mockApi.reset());
after(() => mockApi.close());

export const source = (options) => ({ apiKey: KEY, base_url: mockApi.baseUrl, ...options });

/** Returns what the browser gets for a query. */
export const run = (query, sourceOptions) => harness.run(source(sourceOptions), query);
export const connect = (sourceOptions) => harness.testConnection(source(sourceOptions));

/** A result without its duration, which differs from run to run. */
export const untimed = (result) =>
  JSON.parse(JSON.stringify(result, (name, value) => (name === 'duration_ms' ? undefined : value)));

export async function succeed(query, sourceOptions) {
  const result = await run(query, sourceOptions);
  assert.equal(result.status, 'ok', result.description);
  return result;
}

export async function fail(query, sourceOptions) {
  const result = await run(query, sourceOptions);
  assert.equal(result.status, 'failed', `was answered: ${JSON.stringify(result).slice(0, 200)}`);
  assert.equal(result.message, QUERY_FAILED);
  // ToolJet 2 shows only this.
  assert.equal(result.data.message, result.description);
  return result;
}

/** Runs a query that must fail before anything is sent. */
export async function refuse(query, sourceOptions) {
  const before = mockApi.requests.length;
  const result = await fail(query, sourceOptions);
  assert.equal(mockApi.requests.length, before, 'something was sent');
  return result.description;
}

/** How many requests a query sends, for operations that send more than one. */
export const REQUESTS = { batch_start: 2, batch_result: 2 };

/** Returns the requests that a successful query sends: as many as its operation needs. */
export async function allSent(query, sourceOptions) {
  const before = mockApi.requests.length;
  await succeed(query, sourceOptions);
  const requests = mockApi.requests.slice(before);
  assert.equal(requests.length, REQUESTS[query.operation] ?? 1, 'requests sent');
  return requests;
}

/** Returns the only request that a successful query sends. */
export async function sent(query, sourceOptions) {
  const requests = await allSent(query, sourceOptions);
  assert.equal(requests.length, 1, 'requests sent');
  return requests[0];
}

/**
 * An API that no query may reach, and the environment of a server whose operator uses it: no tenant
 * may run queries on that account.
 */
export async function operatorsAccount(t) {
  const api = await startMockApi();
  t.after(() => api.close());
  const env = {
    OPENAI_API_KEY: 'sk-mock-api-operator',
    OPENAI_ADMIN_KEY: 'sk-mock-api-operator',
    OPENAI_ORG_ID: 'org-operator',
    OPENAI_ORGANIZATION: 'org-operator',
    OPENAI_PROJECT_ID: 'proj_operator',
    OPENAI_BASE_URL: api.baseUrl,
    OPENAI_API_BASE: api.baseUrl,
    OPENAI_CUSTOM_HEADERS: 'x-operator: 1',
    // Without a base URL, the plugin sends requests to the default host, here through this proxy.
    HTTPS_PROXY: `http://127.0.0.1:${api.port}`,
  };
  return { api, env };
}

/** Runs `calls` in another server process with its own environment, and returns their results. */
export function inProcess({ calls, env = {}, plugin = PLUGIN, nodeOptions = [] }) {
  const script = fileURLToPath(new URL('./server-process.mjs', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [...nodeOptions, script],
      { env: { ...process.env, ...env }, timeout: PATIENCE_MS, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        error
          ? reject(new Error(`${error.message}\n${stderr}`))
          : resolve({ stdout, stderr, ...JSON.parse(stdout.split('\n').at(-2)) }),
    );
    child.stdin.end(JSON.stringify({ plugin, calls }));
  });
}
