// Neither the result of a failing query nor the output of the process contains a secret, whoever
// repeats it.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { apiError, connect, fail, inProcess, MINIMAL_QUERIES, mockApi, run } from './plugin.mjs';

const KEY = 'sk-proj-Zx81Commodore64Amiga500AtariST';
const HEADER = 'gw-Sinclair48kSpectrumPlus2a';
const PASSWORD = 'Archimedes-RiscPC-Acorn-3010';
const SECRETS = [KEY, HEADER, PASSWORD];

const base64 = (text) => Buffer.from(text).toString('base64');
const hexadecimal = (text) => Buffer.from(text).toString('hex');
const escaped = (text) => hexadecimal(text).replaceAll(/../g, '%$&');

/**
 * The parts that reveal a secret: 8 characters at either end, or 12 in the middle, in any encoding.
 */
const recognizableParts = (secret) => [
  secret.slice(0, 8 + (secret.startsWith('sk-proj-') ? 4 : 0)),
  secret.slice(-8),
  ...Array.from({ length: secret.length - 11 }, (_, at) => secret.slice(at, at + 12)),
  ...[base64, hexadecimal, escaped].map((encode) => encode(secret.slice(9, 21))),
];

function assertNoLeak(text, secrets = SECRETS) {
  for (const secret of secrets) {
    for (const part of recognizableParts(secret)) {
      assert.ok(!text.includes(part), `${part} of ${secret} in: ${text}`);
    }
  }
}

/** How a server may repeat a secret of the request. */
const ECHOES = {
  'the whole key': (key) => `Incorrect API key provided: ${key}.`,
  'the header with the key': (key) => `Unexpected header authorization: Bearer ${key}`,
  'the start of the key': (key) => `No key begins with ${key.slice(0, 14)}...`,
  'the end of the key': (key) => `The key that ends with ${key.slice(-9)} was revoked`,
  'the middle of the key': (key) => `... ${key.slice(10, 26)} ...`,
  'the ends of the key with stars between': (key) =>
    `Provided: ${key.slice(0, 14)}******${key.slice(-8)}.`,
  'the key twice without a gap': (key) => `${key}${key}`,
  'the key in JSON inside the message': (key) =>
    JSON.stringify({ headers: { authorization: `Bearer ${key}` } }),
  'the key in base64': (key) => `Wrong token: ${base64(key)}`,
  'the key in base64 for URLs': (key) => `/keys/${Buffer.from(key).toString('base64url')}`,
  'the key as Basic credentials': (key) => `Wrong: Basic ${base64(`u:${key}`)}${base64(key)}`,
  'the key in hexadecimal': (key) => `key=0x${hexadecimal(key)}`,
  'the percent-encoded key': (key) => `?key=${escaped(key)}`,
};

const source = (options) => ({
  apiKey: KEY,
  base_url: mockApi.baseUrl,
  max_retries: 0,
  headers: [['x-gateway-token', HEADER]],
  ...options,
});
const printed = (result) => JSON.stringify(result);

for (const [what, echo] of Object.entries(ECHOES)) {
  test(`redacts ${what} when the API repeats it`, async () => {
    for (const secret of [KEY, HEADER]) {
      const message = echo(secret);
      assert.throws(() => assertNoLeak(message), 'the echo contains no secret');
      const everywhere = { message, type: message, code: message, param: message };
      for (const answer of [
        apiError(401, everywhere, { 'x-request-id': message.replaceAll(/[^ -~]/g, '') }),
        { status: 401, body: { error: message } },
        { status: 422, body: { detail: [{ loc: ['header', message], msg: message }] } },
        { status: 502, body: `<html><title>${message}</title></html>` },
        { status: 200, body: message },
        { status: 200, body: { choices: [{ message: { refusal: message } }] } },
        { status: 302, headers: { location: `http://localhost:1/?${encodeURI(message)}` } },
      ]) {
        mockApi.respondWith(answer);
        const result = await fail(MINIMAL_QUERIES.chat, source());
        assertNoLeak(printed(result));
        mockApi.respondWith(answer);
        assertNoLeak(printed(await connect(source())));
      }
    }
  });
}

test('redacts the key when a successful response repeats it at any depth of its metadata', async () => {
  const echo = ECHOES['the whole key'](KEY);
  const call = { id: 'call_1', function: { name: 'look', arguments: JSON.stringify({ echo }) } };
  const token = { token: KEY, top_logprobs: [{ token: KEY }] };
  const choice = {
    message: { content: 'Pong', tool_calls: [call], annotations: [{ url: echo }] },
    logprobs: { content: [token] },
  };
  mockApi.respondWith({
    status: 200,
    headers: { 'x-request-id': KEY },
    body: { model: echo, choices: [choice], usage: { [KEY]: 1, details: { echo } } },
  });
  const result = await run({ ...MINIMAL_QUERIES.chat, result: 'details' }, source());
  assert.equal(result.status, 'ok');
  assert.equal(result.metadata.tool_calls[0].id, 'call_1');
  assertNoLeak(printed(result));
});

test('redacts the key when a message is truncated inside it', async () => {
  for (let before = 470; before <= 500; before += 3) {
    mockApi.respondWith(apiError(400, { message: 'x'.repeat(before) + KEY }));
    assertNoLeak(printed(await fail(MINIMAL_QUERIES.chat, source())));
  }
});

test('reports a wrong data source without its secrets', async () => {
  for (const options of [
    { apiKey: `${KEY}\n${KEY}` },
    { apiKey: `${KEY}ü` },
    { base_url: `http://user:${PASSWORD}@localhost:${mockApi.port}/v1` },
    { base_url: `http://${KEY}@localhost:${mockApi.port}/v1` },
    { base_url: `user:${PASSWORD}@localhost` },
    { base_url: `http://localhost:1/v1?key=${PASSWORD}` },
    { base_url: `http://localhost/${PASSWORD} ${PASSWORD}` },
    { headers: [['x-gateway-token', `${HEADER}\n${HEADER}`]] },
    { headers: [['x gateway', HEADER]] },
    { headers: [['host', HEADER]] },
    { timeout_seconds: 0, headers: [['authorization', `Basic ${HEADER}`]] },
  ]) {
    const result = await run(MINIMAL_QUERIES.chat, source(options));
    assert.equal(result.status, 'failed', printed(options));
    assertNoLeak(printed(result));
    assertNoLeak(printed(await connect(source(options))));
  }
});

/** A proxy that asks for another password, and repeats the one that it received. */
async function startProxy(t) {
  const asked = [];
  const refuse = (request, answer) => {
    asked.push(request.headers['proxy-authorization']);
    answer(`wrong: ${Buffer.from(`${asked.at(-1)}`.slice(6), 'base64')}`);
  };
  const server = http.createServer((request, response) =>
    refuse(request, (text) => response.writeHead(407).end(text)),
  );
  server.on('connect', (request, socket) =>
    refuse(request, (text) =>
      socket.end(`HTTP/1.1 407 ${text}\r\ncontent-length: ${text.length}\r\n\r\n${text}`),
    ),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: server.address().port, asked };
}

test('prints no secret of failing queries in a server process with a proxy', async (t) => {
  const proxy = await startProxy(t);
  const message = ECHOES['the whole key'](KEY);
  mockApi.respondWith(apiError(401, { message, code: 'invalid_api_key' }));
  const queries = [
    MINIMAL_QUERIES.chat,
    { ...MINIMAL_QUERIES.completion, engine: 'completions' },
    MINIMAL_QUERIES.image_generation,
    MINIMAL_QUERIES.generate_embedding,
    MINIMAL_QUERIES.list_models,
    { ...MINIMAL_QUERIES.chat, temperature: 'hot' },
    { ...MINIMAL_QUERIES.chat, extra_body: '{"stream": true}' },
    { operation: 'summon' },
  ];
  const calls = [
    ...queries.map((query) => ({ source: source(), query })),
    { source: source(), test: true },
    ...['http', 'https'].flatMap((scheme) => [
      { source: source({ base_url: `${scheme}://api.example/v1` }), query: MINIMAL_QUERIES.chat },
      { source: source({ base_url: `${scheme}://api.example/v1` }), test: true },
    ]),
    {
      source: source({ base_url: `http://u:${PASSWORD}@localhost/v1` }),
      query: MINIMAL_QUERIES.chat,
    },
    { source: source({ apiKey: `${KEY}\n${KEY}` }), query: MINIMAL_QUERIES.chat },
    { source: source({ base_url: 'http://localhost:1' }), query: MINIMAL_QUERIES.chat },
  ];
  const { stdout, stderr, results } = await inProcess({
    calls,
    env: {
      TOOLJET_HTTP_PROXY: `http://operator:${PASSWORD}@127.0.0.1:${proxy.port}`,
      NO_PROXY: 'localhost',
      // Names need not be resolved here: the proxy does it.
      SSRF_DNS_RESOLUTION_CHECK: 'false',
      RUST_LOG: 'trace',
      RUST_BACKTRACE: 'full',
      NODE_DEBUG: '',
    },
  });
  assert.equal(results.length, calls.length);
  for (const result of results) assert.equal(result.status, 'failed', printed(result));
  assert.ok(proxy.asked.length >= 4, `the proxy was asked ${proxy.asked.length} times`);
  assert.equal(
    Buffer.from(proxy.asked[0].slice('Basic '.length), 'base64').toString(),
    `operator:${PASSWORD}`,
  );
  assertNoLeak(stdout + stderr);
  assertNoLeak(stdout + stderr, [Buffer.from(`operator:${PASSWORD}`).toString('base64')]);
});
