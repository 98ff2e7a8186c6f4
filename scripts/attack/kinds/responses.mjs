// Attacks through whole API responses.

import { constants, deflateRawSync } from 'node:zlib';
import {
  chat,
  chatBody,
  errorResponse,
  gzipResponse,
  jsonResponse,
  lanes,
  listOf,
  listOfCount,
  PONG,
  repeated,
  repeatedBytes,
  source,
} from '../content.mjs';

const MB = 1_000_000;
/** Slightly below the maximum size of a response. */
const WHOLE = 63 * MB;
const always = (made) => () => made;

/** Two queries at a time, repeated. */
const attack = (record) => ({
  size: WHOLE,
  short: 1 * MB,
  queries: ({ url }) => lanes(2, [source(url), chat()]),
  ...record,
});

const JSON_OBJECT = ({ url }) => [[source(url), chat({ response_format: 'json_object' })]];

export const RESPONSE_ATTACKS = [
  attack({
    name: '1c-stops',
    about: '1,000 stop sequences, a model that rejects stop, a gzip response of 60 MB',
    size: 60 * MB,
    serve: (size) => {
      const whole = gzipResponse(chatBody(`"${repeated('a', size)}"`));
      const refusal = errorResponse({ param: 'stop', code: 'unsupported_parameter' });
      return (_request, body) => (body.includes('"stop"') ? refusal : whole);
    },
    queries: ({ url }) => {
      const stop = Array.from({ length: 1_000 }, (_, i) => `${'a'.repeat(20)}b${i}`);
      return [[source(url), chat({ model: 'm', extra_body: JSON.stringify({ stop }) })]];
    },
  }),
  attack({
    name: '1g-escapes',
    about: 'content of 10 million \\u0041: eight queries at a time',
    serve: (size) => always(jsonResponse(chatBody(`"${repeated('\\u0041', size)}"`))),
    queries: ({ url }) => lanes(8, [source(url), chat()]),
  }),
  attack({
    name: '1g-half-emojis',
    about: 'content of 10 million half emoji: eight queries at a time',
    serve: (size) => always(jsonResponse(chatBody(`"${repeated('\\ud83d', size)}"`))),
    queries: ({ url }) => lanes(8, [source(url), chat()]),
  }),
  attack({
    name: '1g-broken-utf8',
    about: 'content of 63 million bytes of invalid UTF-8: eight queries at a time',
    serve: (size) =>
      always(jsonResponse(Buffer.from(chatBody(`"${repeated('\xff', size)}"`), 'latin1'))),
    queries: ({ url }) => lanes(8, [source(url), chat()]),
  }),
  attack({
    name: '1g-blank-content',
    about: 'content of 63 MB of blanks and fences, requested as JSON',
    serve: (size) => always(jsonResponse(chatBody(`"${repeated('```json ', size)}"`))),
    queries: ({ url }) => lanes(4, [source(url), chat({ response_format: 'json_object' })]),
  }),
  attack({
    name: '1h-gzip-bombs',
    about: '20 queries at a time, each with a gzip bomb of 1 GB as the response',
    size: 1000 * MB,
    short: 100 * MB,
    serve: (size) => always(bomb(size)),
    queries: ({ url }) => lanes(20, [source(url), chat()]),
  }),
  attack({
    name: '1h-gzip-errors',
    about: '20 queries at a time, each with an API error that is a gzip bomb of 1 GB',
    size: 1000 * MB,
    short: 100 * MB,
    serve: (size) => always({ ...bomb(size), status: 500 }),
    queries: ({ url }) => lanes(20, [source(url, { max_retries: 10 }), chat()]),
  }),
  attack({
    name: '1h-gzip-of-nothing',
    about: '60 MB of empty gzip blocks: eight queries at a time',
    size: 60 * MB,
    serve: (size) => {
      const empty = repeatedBytes('\x00\x00\x00\xff\xff', size);
      return always(gzipMember(Buffer.concat([empty, deflateRawSync(PONG)])));
    },
    queries: ({ url }) => lanes(8, [source(url), chat()]),
  }),
  attack({
    name: '2-echo',
    about: 'Completions through Chat with Echo, n = 2 and a prompt of 1 MB: 20,000 choices',
    size: 20_000,
    short: 1_000,
    serve: (count) =>
      always(
        jsonResponse(
          `{"choices":${listOfCount('{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"a"}}', count)}}`,
        ),
      ),
    queries: ({ url }) => [
      [
        source(url),
        {
          ...chat({ operation: 'completion', engine: 'chat', model: 'm', echo: 'true', n: 2 }),
          prompt: repeated('p', MB),
        },
      ],
    ],
  }),
  attack({
    name: '2-echo-of-many',
    about: 'the same with n = 128 and a prompt of 45 MB: 5.7 GB in all',
    size: 45 * MB,
    serve: () =>
      always(
        jsonResponse(
          `{"choices":${listOfCount('{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"a"}}', 128)}}`,
        ),
      ),
    queries: ({ url, size }) => [
      [
        source(url),
        {
          ...chat({ operation: 'completion', engine: 'chat', model: 'm', echo: 'true', n: 128 }),
          prompt: repeated('p', size),
        },
      ],
    ],
  }),
  attack({
    name: '5a-models',
    about: 'list_models with 800,000 small models, 18 KB as gzip',
    size: 800_000,
    short: 20_000,
    serve: (count) => always(gzipResponse(`{"data":${listOfCount('{"id":"m"}', count)}}`)),
    queries: ({ url }) => [[source(url), { operation: 'list_models', query_timeout: 10_000 }]],
  }),
  attack({
    name: '5a-long-models',
    about: 'list_models with two models of 31 MB, whose names are repeated',
    size: 31 * MB,
    serve: (size) => {
      const id = repeated('m', size);
      const models = [0, 1].map((i) => `{"id":"${i}${id}","shutdown_date":"2026-01-01"}`);
      return always(jsonResponse(`{"data":[${models}]}`));
    },
    queries: ({ url }) =>
      lanes(2, [source(url), { operation: 'list_models', query_timeout: 10_000 }]),
  }),
  attack({
    name: '5b-hidden-numbers',
    about: 'JSON in content: 9 million numbers whose commas are written as \\u002c',
    serve: (size) =>
      always(jsonResponse(chatBody(`"\\u005b${repeated('0\\u002c', size)}0\\u005d"`))),
    queries: JSON_OBJECT,
  }),
  attack({
    name: '5b-hidden-objects',
    about: 'JSON in content: 3.5 million objects whose braces are written as \\u007b',
    serve: (size) =>
      always(
        jsonResponse(
          chatBody(`"\\u005b${repeated('\\u007b\\u007d\\u002c', size)}\\u007b\\u007d\\u005d"`),
        ),
      ),
    queries: JSON_OBJECT,
  }),
  attack({
    name: '5c-distinct-keys',
    about: 'JSON in content: an object of a million distinct keys',
    size: 1 * MB,
    short: 20_000,
    serve: (count) => {
      const members = Array.from({ length: count }, (_, i) => `\\"k${i.toString(36)}\\":0`);
      return always(jsonResponse(chatBody(`"{${members}}"`)));
    },
    queries: JSON_OBJECT,
  }),
  attack({
    name: '5d-usage',
    about: 'usage with a million distinct keys, in metadata and in data',
    size: 1 * MB,
    short: 20_000,
    serve: (count) => {
      const members = Array.from({ length: count }, (_, i) => `"k${i.toString(36)}":0`);
      return always(jsonResponse(PONG.replace('"id"', `"usage":{${members}},"id"`)));
    },
    queries: ({ url }) => [[source(url), chat({ result: 'details' })]],
  }),
  attack({
    name: '5e-embeddings',
    about: 'an embedding of 63 MB: four million numbers',
    size: 4 * MB,
    short: 50_000,
    serve: (count) =>
      always(
        jsonResponse(`{"data":[{"index":0,"embedding":${listOfCount('0.1234567890123', count)}}]}`),
      ),
    queries: ({ url }) => [
      [source(url), { operation: 'generate_embedding', input: 'a', query_timeout: 10_000 }],
    ],
  }),
  attack({
    name: '5f-many-embeddings',
    about: '800,000 embeddings of nothing',
    size: 800_000,
    short: 20_000,
    serve: (count) => always(gzipResponse(`{"data":${listOfCount('{"embedding":[]}', count)}}`)),
    queries: ({ url }) => [
      [source(url), { operation: 'generate_embedding', input: '["a","b"]', query_timeout: 10_000 }],
    ],
  }),
  attack({
    name: '5g-large-text',
    about: 'responses of 63 MB of plain text: four queries at a time',
    serve: (size) => always(jsonResponse(chatBody(`"${repeated('a', size)}"`))),
    queries: ({ url }) => lanes(4, [source(url), chat()]),
  }),
  attack({
    name: '5g-large-utf16',
    about: 'responses of 63 MB of Chinese text: four queries at a time',
    serve: (size) =>
      always(
        jsonResponse(
          Buffer.concat(
            [
              chatBody('"X"').split('X')[0],
              repeatedBytes('\xe4\xb8\xad', size),
              chatBody('"X"').split('X')[1],
            ].map((part) => Buffer.from(part)),
          ),
        ),
      ),
    queries: ({ url }) => lanes(4, [source(url), chat()]),
  }),
  attack({
    name: '5h-error-pages',
    about: 'error pages of 1 MB of tags, and errors of 1 MB of words: 16 queries at a time',
    size: 1 * MB,
    short: 0.1 * MB,
    serve: (size) => {
      const page = { ...jsonResponse(repeated('<script>', size), { status: 500 }) };
      const words = errorResponse({
        message: repeated("Unknown parameter: 'stop' role sk-abc*** ", size),
      });
      const list = jsonResponse(`{"detail":${listOf('{"loc":["a","b"],"msg":"c"}', size)}}`, {
        status: 422,
      });
      let turn = 0;
      return () => {
        turn += 1;
        return [page, words, list][turn % 3];
      };
    },
    queries: ({ url }) => lanes(16, [source(url), chat({ stop_sequence: 'x' })]),
  }),
  attack({
    name: '8a-many-headers',
    about: 'responses with 100 headers of 64 KB',
    size: 64_000,
    short: 4_000,
    serve: (size) => {
      const headers = Array.from({ length: 100 }, (_, i) => [`x-h${i}`, repeated('v', size)]);
      return always(jsonResponse(PONG, { headers: Object.fromEntries(headers) }));
    },
    queries: ({ url }) => lanes(16, [source(url), chat()]),
  }),
  attack({
    name: '8b-cached-models',
    about: 'a different model name of 1 KB in each query, about which a fact is cached',
    size: 1_000,
    short: 100,
    serve: () => {
      const refusal = errorResponse({ param: 'temperature', code: 'unsupported_value' });
      const pong = jsonResponse(PONG);
      return (_request, body) => (body.includes('"temperature"') ? refusal : pong);
    },
    queries: ({ url, size }) => {
      let count = 0;
      return lanes(16, () => {
        count += 1;
        return [source(url), chat({ temperature: 1, model: `${count}-${'m'.repeat(size)}` })];
      });
    },
  }),
  attack({
    name: '10-long-result',
    about: 'a finish_reason of 62 MB, which data and metadata repeat four times',
    size: 62 * MB,
    serve: (size) =>
      always(
        jsonResponse(
          `{"choices":[{"finish_reason":"${repeated('r', size)}","message":{"content":"a"}},{"message":{"content":"b"}}]}`,
        ),
      ),
    queries: ({ url }) => [[source(url), chat({ result: 'details', n: 2 })]],
  }),
  attack({
    name: '10-long-utf16',
    about: 'the same with one character that is not ASCII: 500 MB of UTF-16',
    size: 62 * MB,
    serve: (size) =>
      always(
        jsonResponse(
          `{"choices":[{"finish_reason":"é${repeated('r', size)}","message":{"content":"a"}},{"message":{"content":"b"}}]}`,
        ),
      ),
    queries: ({ url }) => [[source(url), chat({ result: 'details', n: 2 })]],
  }),
];

/**
 * Gzip of `size` spaces, built from one block of a megabyte because compressing everything takes
 * long.
 */
function bomb(size) {
  const block = deflateRawSync(Buffer.alloc(MB, ' '), {
    level: 9,
    finishFlush: constants.Z_FULL_FLUSH,
  });
  const count = Math.ceil(size / MB);
  return gzipMember(
    Buffer.concat([...Array.from({ length: count }, () => block), deflateRawSync(PONG)]),
  );
}

function gzipMember(deflated) {
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  return jsonResponse(Buffer.concat([head, deflated, Buffer.alloc(8)]), {
    headers: { 'content-encoding': 'gzip' },
  });
}
