import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { startMockApi } from '../../mock-api/server.mjs';
import { startPlayground } from '../server.mjs';
import { ECHO } from './echo.mjs';
import { assertLoopbackOnly } from './loopback-only.mjs';

describe('the playground server', () => {
  let mockApi;
  let server;
  let port;

  before(async () => {
    mockApi = await startMockApi();
    server = await startPlayground({ plugin: ECHO, mockApi });
    ({ port } = new URL(server.url));
  });

  after(async () => {
    await server.close();
    await mockApi.close();
  });

  function ask({ method = 'GET', path = '/', headers, body, host = '127.0.0.1' }) {
    return new Promise((resolve, reject) => {
      const request = http.request({ host, port, method, path, headers }, async (response) => {
        const chunks = await response.toArray();
        resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() });
      });
      request.once('error', reject);
      request.end(body);
    });
  }

  const JSON_TYPE = { 'content-type': 'application/json' };
  const run = (headers, body = JSON.stringify({ options: {}, query: {}, values: {} })) =>
    ask({ method: 'POST', path: '/api/run', headers: { ...JSON_TYPE, ...headers }, body });

  test('accepts requests of its own page', async () => {
    assert.equal((await ask({})).status, 200);
    assert.equal((await run({ origin: server.url })).status, 200);
    assert.equal((await run({ 'sec-fetch-site': 'same-origin' })).status, 200);
  });

  test('rejects a host name that was rebound to this machine', async () => {
    assert.equal((await ask({ headers: { host: `evil.example:${port}` } })).status, 403);
    assert.equal((await run({ host: `evil.example:${port}` })).status, 403);
    assert.equal((await run({ host: '127.0.0.1:1' })).status, 403);
  });

  test('rejects the pages of other origins', async () => {
    assert.equal((await run({ origin: 'http://evil.example' })).status, 403);
    assert.equal((await run({ origin: 'http://127.0.0.1:1' })).status, 403);
    assert.equal((await run({ origin: 'null' })).status, 403);
    assert.equal((await run({ 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await run({ 'content-type': 'text/plain' })).status, 403);
  });

  test('the playground server listens on the loopback interface only', (context) =>
    assertLoopbackOnly(context, (host) => ask({ host })));

  test('serves only the files of the page', async () => {
    for (const path of ['/server.mjs', '/../server.mjs', '/%2e%2e/server.mjs', '/assets/']) {
      assert.equal((await ask({ path })).status, 404, path);
    }
  });

  test('rejects a call that is not JSON', async () => {
    const { status, text } = await run({}, '{');
    assert.equal(status, 400);
    assert.deepEqual(JSON.parse(text), { error: 'The request is not JSON.' });
  });

  test('sends an empty string for a missing secret, and redacts a present one', async () => {
    const call = (options) => run({}, JSON.stringify({ options, query: {}, values: {} }));
    const without = JSON.parse((await call({ apiKey: { encrypted: true } })).text);
    assert.equal(without.result.data.sourceOptions.apiKey, '');
    const options = {
      apiKey: { value: 'sk-1234', encrypted: true },
      headers: {
        value: [
          ['x-api-key', 'secret-2'],
          ['x-team', 'ai'],
        ],
      },
    };
    const { options: shown } = JSON.parse((await call(options)).text);
    assert.deepEqual(shown.source, {
      apiKey: '[redacted]',
      headers: [
        ['x-api-key', '[redacted]'],
        ['x-team', '[redacted]'],
      ],
    });
  });
});
