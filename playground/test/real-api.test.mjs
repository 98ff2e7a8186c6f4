import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createHarness } from '../../harness/harness.mjs';
import { startMockApi } from '../../mock-api/server.mjs';
import { createCa } from '../ca.mjs';
import { createHarnesses } from '../harnesses.mjs';
import { createRealApi } from '../real-api.mjs';
import { startPlayground } from '../server.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const PROCESS = fileURLToPath(new URL('playground-process.mjs', import.meta.url));

const KEY = 'sk-mock-api-5f1c9e7a';
const WRONG_KEY = 'sk-not-a-key-of-anybody-0000';
const CHAT = { operation: 'chat', prompt: 'Say ping' };

/** Presses Run; returns the response of the playground's server, also as text. */
async function press(url, source, query = CHAT, signal = undefined) {
  const options = Object.fromEntries(
    Object.entries(source).map(([key, value]) => [key, { value, encrypted: key === 'apiKey' }]),
  );
  const response = await fetch(`${url}/api/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ options, query, values: {} }),
    signal,
  });
  const text = await response.text();
  return { ...JSON.parse(text), text };
}

/**
 * Asserts that the page shows what arrived, except for redacted values, and a response to each
 * request.
 */
function assertShowsWhatArrived(shown, arrived, redacted, scheme = 'http') {
  assert.equal(shown.length, arrived.length);
  for (const [index, { method, path, headers, text }] of arrived.entries()) {
    const pairs = Object.entries(headers).map(([name, value]) => [name, redacted[name] ?? value]);
    const { response, ...request } = shown[index];
    assert.ok(response.status >= 200);
    assert.deepEqual(request, {
      method,
      origin: `${scheme}://${headers.host}`,
      path: redacted.path ?? path,
      headers: pairs,
      body: text,
    });
  }
}

describe('a query to the real API', () => {
  let mockApi;
  let api;
  let playground;
  const run = (source, query, signal) =>
    press(
      playground.url,
      { base_url: api.baseUrl, apiKey: KEY, max_retries: '0', ...source },
      query,
      signal,
    );

  before(async () => {
    mockApi = await startMockApi();
    api = await startMockApi();
    playground = await startPlayground({ plugin, mockApi });
  });

  beforeEach(() => api.reset());

  after(async () => {
    await playground.close();
    await Promise.all([mockApi.close(), api.close()]);
  });

  test('shows the request that the real API received, without its secrets', async () => {
    const source = {
      base_url: `${api.baseUrl}?token=query-secret-1`,
      headers: [['x-gateway-token', 'gateway-secret-1']],
    };
    const answer = await run(source, { ...CHAT, prompt: 'Größe: 1 — “ping”' });
    assert.equal(answer.result.status, 'ok');
    assert.match(answer.note, /^Recorded by a proxy on this machine/);
    assert.equal(api.requests[0].headers.authorization, `Bearer ${KEY}`);
    assertShowsWhatArrived(answer.requests, api.requests, {
      path: '/v1/chat/completions?token=[redacted]',
      authorization: 'Bearer [redacted]',
      'x-gateway-token': '[redacted]',
    });
    for (const secret of [KEY, 'query-secret-1', 'gateway-secret-1']) {
      assert.ok(!answer.text.includes(secret));
    }
  });

  test('shows the request with a wrong key, but never the key', async () => {
    const { result, requests, text } = await run({ apiKey: WRONG_KEY });
    assert.equal(result.data.status, 401);
    assertShowsWhatArrived(requests, api.requests, { authorization: 'Bearer [redacted]' });
    assert.ok(!text.includes(WRONG_KEY));
  });

  test('shows every attempt on one open connection', async () => {
    api.respondWith({ status: 503, headers: { 'retry-after-ms': '1' }, body: '{}' });
    const { result, requests } = await run({ max_retries: '2' });
    assert.equal(result.data.attempts, 3);
    assertShowsWhatArrived(requests, api.requests, { authorization: 'Bearer [redacted]' });
    for (const { response } of requests) {
      assert.equal(response.status, 503);
      assert.equal(response.body, '{}');
      assert.ok(
        response.headers.some(([name, value]) => `${name}: ${value}` === 'retry-after-ms: 1'),
      );
    }
    assert.ok(api.connections <= 1);
  });

  test('shows the requests of one query at a time', async () => {
    const prompts = ['Say ping', 'Say pong', 'Say pang'];
    const answers = await Promise.all(prompts.map((prompt) => run({}, { ...CHAT, prompt })));
    for (const [index, { requests }] of answers.entries()) {
      assert.equal(requests.length, 1);
      assert.ok(requests[0].body.includes(prompts[index]));
    }
  });

  test('leaves the base URL to the plugin, which depends on it', async () => {
    const { result, requests } = await run({
      base_url: `http://localhost:${api.port}/openai/deployments/mine?api-version=2024-10-21`,
    });
    assert.equal(result.data.status, 404);
    const { path, headers } = requests[0];
    assert.equal(path, '/openai/deployments/mine/chat/completions?api-version=2024-10-21');
    assert.deepEqual(Object.fromEntries(headers)['api-key'], '[redacted]');
  });

  test('sends nothing when the plugin rejects the base URL', async () => {
    for (const base_url of ['http://', 'ftp://localhost/v1', 'http://127.0.0.1:1/v1']) {
      const { result, requests } = await run({ base_url });
      assert.equal(result.status, 'failed');
      assert.deepEqual(requests, [], base_url);
    }
  });

  const body = '{"id":"1","choices":[{"message":{"content":"ping"}}]}';
  for (const fault of ['reset', 'close', 'cut', 'garbage', 'stall']) {
    test(`fails with the same hint as without the recorder: ${fault}`, async () => {
      api.respondWith({ fault, body });
      const source = { timeout_seconds: '1' };
      const { result, requests } = await run(source);
      const direct = await createHarness({ text: plugin }).run(
        { apiKey: KEY, base_url: api.baseUrl, max_retries: '0', ...source },
        CHAT,
      );
      assert.ok(direct.data.hint);
      assert.equal(result.data.hint, direct.data.hint);
      assert.equal(requests.length, 1);
    });
  }

  test('cancels the request at the real API when the query times out', async () => {
    api.respondWith({ fault: 'hang' });
    const { result } = await run({}, { ...CHAT, query_timeout: '2000' });
    assert.equal(result.data.code, 'timeout');
    while (api.inFlight > 0) await new Promise(setImmediate);
    assert.equal(api.requests[0].aborted, true);
  });

  test('cancels the query when the page is left, and runs the next one', {
    timeout: 60_000,
  }, async () => {
    api.respondWith({ fault: 'hang' });
    const page = new AbortController();
    const left = assert.rejects(run({}, CHAT, page.signal), { name: 'AbortError' });
    while (api.inFlight === 0) await new Promise(setImmediate);
    page.abort();
    await left;
    while (api.inFlight > 0) await new Promise(setImmediate);
    api.reset();
    assert.equal((await run()).requests.length, 1);
  });

  test('trusts no unknown server, whatever the environment says', async (context) => {
    const secure = await startMockApi({ tls: withCertificatesFrom(await createCa()) });
    const process = await startProcess({ NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    context.after(() => Promise.all([process.end(), secure.close()]));
    const source = { base_url: secure.baseUrl, apiKey: KEY, max_retries: '0' };
    assert.equal((await press(process.url, source)).result.data.code, 'tls_unknown_issuer');
    assert.equal(secure.requests.length, 0);
  });

  test("reports in the plugin's own words that the real API cannot be reached", async (context) => {
    const untrusted = await createCa();
    const secure = await startMockApi({ tls: withCertificatesFrom(untrusted) });
    context.after(() => secure.close());
    const unreachable = {
      connection_refused: 'http://localhost:1/v1',
      dns_failed: 'https://nowhere.invalid/v1',
      tls_unknown_issuer: secure.baseUrl,
      ...(hostname() !== 'localhost' && { address_blocked: `http://${hostname()}:${api.port}/v1` }),
    };
    for (const [code, base_url] of Object.entries(unreachable)) {
      const { result, requests, note, text } = await run({ base_url });
      assert.equal(result.data.code, code);
      assert.doesNotMatch(result.description, /HTTPS?_PROXY on the ToolJet server/);
      assert.equal(requests, null);
      assert.match(note, /^Not recorded: .+ could not connect \(.+\)/);
      assert.ok(!text.includes(KEY));
    }
    assert.equal(secure.requests.length, 0);
    assert.equal((await run()).requests.length, 1, 'the next query is recorded again');
  });

  test('runs a query without the recorder when the environment has a proxy', async (context) => {
    const proxy = await startMockApi();
    proxy.respondWith({ body: '{"choices":[{"message":{"content":"through the proxy"}}]}' });
    const process = await startProcess({ HTTP_PROXY: proxy.url });
    context.after(() => Promise.all([process.end(), proxy.close()]));
    const source = { base_url: 'http://api.example/v1', apiKey: KEY };
    const { result, requests, note } = await press(process.url, source);
    assert.equal(result.data, 'through the proxy');
    assert.equal(requests, null);
    assert.match(note, /^Not recorded: HTTP_PROXY is set/);
    assert.equal(proxy.requests[0].path, 'http://api.example/v1/chat/completions');
  });

  test('shows the request that the real API received over TLS', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'playground-test-'));
    const ca = await createCa();
    const file = join(folder, 'ca.pem');
    writeFileSync(file, ca.certificate);
    const secure = await startMockApi({ tls: withCertificatesFrom(ca) });
    const process = await startProcess({ NODE_EXTRA_CA_CERTS: file, TMPDIR: folder });
    context.after(async () => {
      await Promise.all([process.end(), secure.close()]);
      rmSync(folder, { recursive: true });
    });
    const headers = [['x-gateway-token', 'Basic dXNlcjpwYXNz']];
    const source = { base_url: secure.baseUrl, apiKey: KEY, max_retries: '0', headers };
    for (const prompt of ['Say ping', 'Say pong']) {
      secure.requests.length = 0;
      const { result, requests } = await press(process.url, source, { ...CHAT, prompt });
      assert.equal(result.status, 'ok', result.description);
      const redacted = {
        authorization: 'Bearer [redacted]',
        'x-gateway-token': '[redacted]',
      };
      assertShowsWhatArrived(requests, secure.requests, redacted, 'https');
      assert.equal(secure.requests[0].headers['x-gateway-token'], headers[0][1]);
    }
    assert.equal(secure.connections, 1, 'the connection stays open between queries');
    secure.respondWith({ fault: 'close' });
    const { result } = await press(process.url, source);
    assert.equal(result.data.code, 'connection_reset');
  });
});

describe('the process that runs the plugin', () => {
  const start = (context, plugin) => {
    const realApi = createRealApi({ plugin, harnesses: createHarnesses(plugin) });
    context.after(() => realApi.close());
    return realApi;
  };
  const { signal } = new AbortController();
  const CALL = { source: {}, query: {}, tooljet: 3 };
  const isAlive = (pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test('restarts the recorded process when it has ended between queries', async (context) => {
    const realApi = start(context, TELLS_ITS_PROCESS);
    const first = await realApi.run(CALL, signal);
    process.kill(first.result.data);
    while (isAlive(first.result.data)) await new Promise(setImmediate);
    const second = await realApi.run(CALL, signal);
    assert.equal(second.result.status, 'ok');
    assert.notEqual(second.result.data, first.result.data);
  });

  test('does not start the recorded process for a query that is queued when it stops', async (context) => {
    const realApi = start(context, TELLS_ITS_PROCESS);
    const queries = [realApi.run(CALL, signal), realApi.run(CALL, signal)];
    const settled = Promise.allSettled(queries);
    await realApi.close();
    for (const { reason } of await settled) assert.equal(reason.name, 'AbortError');
  });
});

const TELLS_ITS_PROCESS = `
module.exports.default = class {
  async run() {
    return { status: 'ok', data: process.pid, metadata: {} };
  }
};
`;

const withCertificatesFrom = (ca) => ({
  SNICallback: (name, done) => ca.contextFor(name).then((context) => done(null, context), done),
});

async function startProcess(env) {
  const child = fork(PROCESS, { env: { ...process.env, ...env }, execArgv: [] });
  const ended = once(child, 'exit');
  const [url] = await once(child, 'message');
  return {
    url,
    async end() {
      child.disconnect();
      await ended;
    },
  };
}
