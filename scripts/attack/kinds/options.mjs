// Attacks through options of a data source or a query, with a well-behaved server.

import { chat, errorResponse, jsonResponse, listOf, PONG, repeated, source } from '../content.mjs';

const MB = 1_000_000;
const friendly = () => () => jsonResponse(PONG);
const attack = (record) => ({ serve: friendly, ...record });

/** A chat query with an option that is in no form. */
const unused =
  (value) =>
  ({ url }) => [[source(url), chat({ unused: value })]];

/** As many headers as a data source may have, with values that share no parts. */
const manyHeaders = (count, length) =>
  Array.from({ length: count }, (_, i) => [`x-h${i}`, `${i}`.padStart(8, 'q').repeat(length / 8)]);

export const OPTION_ATTACKS = [
  attack({
    name: '1a-metadata-key',
    about: 'metadata with a key of 20 MB whose value is a list',
    size: 20 * MB,
    short: 0.5 * MB,
    queries: ({ url, size }) => [[source(url), chat({ metadata: { [repeated('k', size)]: [] } })]],
  }),
  attack({
    name: '1b-key-and-headers',
    about: 'metadata with a key of 5 MB, and 95 headers to look for in the error',
    size: 5 * MB,
    short: 0.1 * MB,
    queries: ({ url, size }) => [
      [
        source(url, { headers: manyHeaders(95, 400) }),
        chat({ metadata: { [repeated('k', size)]: [] } }),
      ],
    ],
  }),
  attack({
    name: '1b-api-key',
    about: 'an API key of 5 MB and 95 headers',
    size: 5 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => [
      [source(url, { apiKey: repeated('a', size), headers: manyHeaders(95, 400) }), chat()],
    ],
  }),
  attack({
    name: '1b-echoing-error',
    about: '95 headers of 640 bytes, and an API error of 1 MB that echoes them all',
    size: 1 * MB,
    short: 0.1 * MB,
    serve: (size) => {
      const echo = manyHeaders(95, 640)
        .map(([, value]) => value)
        .join(' ');
      const message = repeated(echo, size);
      return () => errorResponse({ message, code: message, param: message, type: message });
    },
    queries: ({ url }) =>
      Array.from({ length: 8 }, () => [source(url, { headers: manyHeaders(95, 640) }), chat()]),
  }),
  attack({
    name: '1b-query-secrets',
    about: 'a base URL with 100,000 parameters to look for in the error',
    size: 100_000,
    short: 2_000,
    serve: () => () => errorResponse({ message: 'no key_12345678 here '.repeat(25) }),
    queries: ({ url, size }) => {
      const parameters = Array.from({ length: size }, (_, i) => `k${i}=secret_${i}_${i}`);
      return Array.from({ length: 4 }, () => [source(`${url}?${parameters.join('&')}`), chat()]);
    },
  }),
  attack({
    name: '1b-word-in-error',
    about: 'operation, model and other words of 20 MB, which errors repeat',
    size: 20 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => {
      const word = repeated('w ', size);
      const headers = manyHeaders(95, 400);
      return [
        [source(url, { headers }), chat({ operation: word })],
        [source(url, { headers }), chat({ reasoning_effort: word })],
        [source(url, { headers }), chat({ temperature: word })],
        [source(url, { headers, timeout_seconds: word }), chat()],
        [source(url, { headers: [[word, 'x']] }), chat()],
      ];
    },
  }),
  attack({
    name: '3a-array-length',
    about: 'new Array(400000000) in an unused option',
    size: 400_000_000,
    short: 40_000_000,
    queries: ({ url, size }) => unused(new Array(size))({ url }),
  }),
  attack({
    name: '3b-plain-array',
    about: 'a list of 25 million numbers (50 MB of JSON) in an unused option',
    size: 25 * MB,
    short: 0.5 * MB,
    queries: ({ url, size }) => unused(new Array(size).fill(0))({ url }),
  }),
  attack({
    name: '3c-shared-references',
    about: 'a billion laughs: 30 levels of lists that contain the next level twice',
    size: 30,
    short: 21,
    queries: ({ url, size }) => {
      let laughs = 'ha';
      for (let level = 0; level < size; level += 1) laughs = [laughs, laughs];
      return unused(laughs)({ url });
    },
  }),
  attack({
    name: '3d-deep-nesting',
    about: 'a million nested lists',
    size: 1 * MB,
    short: 100_000,
    queries: ({ url, size }) => {
      let deep = [];
      for (let level = 0; level < size; level += 1) deep = [deep];
      return unused(deep)({ url });
    },
  }),
  attack({
    name: '3d-deep-json-text',
    about: 'JSON text of 20 million opening brackets in JSON fields',
    size: 20 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => {
      const deep = repeated('[', size);
      return ['extra_body', 'metadata', 'stop_sequence', 'message_history', 'images'].map((key) => [
        source(url),
        chat({ [key]: deep }),
      ]);
    },
  }),
  attack({
    name: '3e-cyclic',
    about: 'a cyclic object, as metadata and in an unused option',
    size: 1,
    short: 1,
    queries: ({ url }) => {
      const cyclic = {};
      cyclic.self = [cyclic];
      return [
        ...unused(cyclic)({ url }),
        [source(url), chat({ metadata: cyclic })],
        [source(url), cyclic],
      ];
    },
  }),
  attack({
    name: '3f-buffer',
    about: 'a Buffer of 50 MB in an unused option',
    size: 50 * MB,
    short: 0.5 * MB,
    queries: ({ url, size }) => unused(Buffer.alloc(size, 1))({ url }),
  }),
  attack({
    name: '3g-throwing',
    about: 'getters, toJSON, proxies and coercions that throw; symbols, functions, BigInt',
    size: 1,
    short: 1,
    queries: ({ url }) => {
      const fail = () => {
        throw new Error('thrown by an option');
      };
      const values = [
        Object.defineProperty({}, 'x', { get: fail, enumerable: true }),
        { toJSON: fail },
        { toString: fail, valueOf: fail },
        new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail, has: fail }),
        new Proxy([], { get: fail }),
        ...[Symbol('s'), () => {}, 10n, Number.NaN, new Date(Number.NaN), /x/, new Map([[1, 2]])],
        ...[[undefined], Object.create(null), new Error('e'), new (class X {})()],
      ];
      return [
        ...values.flatMap((value) => [
          ...unused(value)({ url }),
          [source(url), chat({ metadata: value })],
          [source(url), chat({ prompt: value })],
          [source(url, { headers: value }), chat()],
        ]),
        ...[null, undefined, 5, 'text', [], values[3]].map((options) => [source(url), options]),
        ...[null, undefined, 5, 'text', [], values[3]].map((options) => [options, chat()]),
      ];
    },
  }),
  attack({
    name: '3h-same-text-often',
    about: 'one string of 45 MB in 50 unused options: 2.2 GB if it were copied',
    size: 45 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => {
      const text = repeated('a', size);
      const names = Array.from({ length: 50 }, (_, i) => `unused${i}`);
      return [[source(url), chat(Object.fromEntries(names.map((name) => [name, text])))]];
    },
  }),
  attack({
    name: '3i-many-keys',
    about: 'an object with a million keys as metadata, and as the options themselves',
    isSlowToParse: true,
    size: 1 * MB,
    short: 10_000,
    queries: ({ url, size }) => {
      const keys = Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, 'v']));
      return [
        [source(url), chat({ metadata: keys })],
        [source(url), Object.assign(keys, chat())],
      ];
    },
  }),
  attack({
    name: '3j-text-of-escapes',
    about: 'a prompt of 45 million control characters: 270 MB as JSON',
    size: 45 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => [[source(url), chat({ prompt: repeated('\x01', size) })]],
  }),
  ...[
    ['extra_body', (list) => `{"x":${list}}`],
    ['stop_sequence', (list) => list],
    ['metadata', (list) => `{"x":${list}}`],
    ['json_schema', (list) => `{"type":"object","enum":${list}}`],
  ].map(([key, json]) =>
    attack({
      name: `4a-${key.replace('_', '-')}`,
      about: `${key} of 48 MB of {"a":0},`,
      size: 48 * MB,
      short: 0.5 * MB,
      queries: ({ url, size }) => [
        [
          source(url),
          chat({
            [key]: json(listOf('{"a":0}', size)),
            ...(key === 'json_schema' && { response_format: key }),
          }),
        ],
      ],
    }),
  ),
  attack({
    name: '4b-embedding-input',
    about: 'the input of an embedding: JSON text of 24 MB of "a",',
    size: 24 * MB,
    short: 0.5 * MB,
    serve: () => () => jsonResponse('{"data":[{"index":0,"embedding":[0.5]}]}'),
    queries: ({ url, size }) => [
      [
        source(url),
        {
          operation: 'generate_embedding',
          input: listOf('"a"', size),
          query_timeout: 10_000,
        },
      ],
    ],
  }),
  attack({
    name: '4c-message-history',
    about: 'message_history: JSON text of 10 MB of short messages',
    size: 10 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => [
      [source(url), chat({ message_history: listOf('{"role":"user","content":"a"}', size) })],
    ],
  }),
  attack({
    name: '4d-images',
    about: 'images: JSON text of 40 MB of short URLs',
    size: 40 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => [[source(url), chat({ images: listOf('"https://h/a"', size) })]],
  }),
  attack({
    name: '4d-image-base64',
    about: 'images: 45 MB of base64',
    size: 45 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => [
      [source(url), chat({ images: `iVBORw0KGgo${repeated('AAAA', size)}` })],
    ],
  }),
  attack({
    name: '9a-base-url',
    about: 'base URLs of 10 MB: path, query string, host, and leading blanks',
    size: 10 * MB,
    short: 0.2 * MB,
    queries: ({ url, size }) => [
      [source(`${url}/${repeated('a/../', size)}`), chat()],
      [source(`${url}?key=${repeated('%61', size)}`), chat()],
      [source(`http://${repeated('a.', size)}invalid/v1`), chat()],
      [source(`${repeated(' ', size)}${url}`), chat()],
    ],
  }),
  attack({
    name: '9b-header-list',
    about: 'a data source with 300,000 headers',
    size: 300_000,
    short: 3_000,
    queries: ({ url, size }) => [
      [
        source(url, { headers: manyHeaders(size, 8).map(([name, value]) => [name, value]) }),
        chat(),
      ],
    ],
  }),
];
