// The material of attacks: long text, sources, responses.

import { gzipSync } from 'node:zlib';

export const KEY = 'sk-attack-0123456789abcdef';

/**
 * Repeats a unit up to `bytes` bytes. The string is flat in memory: V8 would flatten the result of
 * `repeat` when it is first used, on the measured thread.
 */
export const repeated = (unit, bytes) => repeatedBytes(unit, bytes).toString('latin1');

export const repeatedBytes = (unit, bytes) =>
  Buffer.alloc(Math.max(1, Math.floor(bytes / unit.length)) * unit.length, unit, 'latin1');

/** A JSON list that repeats one value, as text. */
export const listOf = (json, bytes) => `[${repeated(`${json},`, bytes)}${json}]`;

/** Like `listOf`, with a number of values. */
export const listOfCount = (json, count) => listOf(json, (count - 1) * (json.length + 1));

export const source = (url, options) => ({
  apiKey: KEY,
  base_url: url,
  max_retries: 0,
  ...options,
});

/** A chat query whose advanced options count. */
export const chat = (options) => ({
  operation: 'chat',
  prompt: 'Ping',
  advanced: 'on',
  query_timeout: 10_000,
  ...options,
});

const JSON_TYPE = { 'content-type': 'application/json' };

/** A response with this JSON text; `body` may be a Buffer. */
export const jsonResponse = (body, { status = 200, headers = {} } = {}) => ({
  status,
  headers: { ...JSON_TYPE, ...headers },
  body: Buffer.from(body),
});

/** The same as gzip, some 1000 times smaller if it is repetitive. */
export const gzipResponse = (body, options = {}) =>
  jsonResponse(gzipSync(body, { level: 9 }), {
    ...options,
    headers: { 'content-encoding': 'gzip', ...options.headers },
  });

export const errorResponse = (error, { status = 400, headers } = {}) =>
  jsonResponse(
    JSON.stringify({ error: { message: 'no', type: 'some_error', code: null, ...error } }),
    {
      status,
      headers,
    },
  );

/** A Chat response whose content is this JSON string, including its quotation marks. */
export const chatBody = (contentJson) =>
  `{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":${contentJson}}}]}`;

export const PONG = chatBody('"Pong"');

/** This many identical queries, to run at once. */
export const lanes = (count, query) => Array.from({ length: count }, () => query);
