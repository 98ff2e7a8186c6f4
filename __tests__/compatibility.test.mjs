// The query keys of saved apps, with every type of value from ToolJet: typed values are strings, a
// template has its value's type, and blank means unset.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import {
  allSent,
  MINIMAL_QUERIES,
  MODEL_KEYS,
  mockApi,
  refuse,
  rowsOf,
  takesEverything,
} from './plugin.mjs';

beforeEach(() => mockApi.respondWith(takesEverything));

/** A model that the plugin does not know, so that it adjusts nothing. */
const MODEL = 'brand-new';
const least = (operation) => ({ ...MINIMAL_QUERIES[operation], [MODEL_KEYS[operation]]: MODEL });
/** The body of the request, or of the first row of a batch. */
async function body(query) {
  const [request] = await allSent(query);
  const [row] = await rowsOf(request);
  return row?.body ?? request.body;
}

/** Values that mean "not set". */
const UNSET = [undefined, null, '', '  ', '\n'];
/** Values that are not text. */
const NO_TEXT = [{}, { a: 1 }, [], ['a']].map((value) => [value, 'must be text']);
const lastContent = ({ messages }) => messages.at(-1).content;
const findInstructions = ({ messages }) => messages[0].role === 'system' && messages[0].content;

/** Scalars of every kind and the text that they become. */
const TEXTS = [
  ['plain', 'plain'],
  [' two\nlines, kept ', ' two\nlines, kept '],
  ['{{true}}', '{{true}}'],
  ['undefined', 'undefined'],
  ['0', '0'],
  [0, '0'],
  [-2.5, '-2.5'],
  [true, 'true'],
  [false, 'false'],
];
const TURN = { role: 'user', content: 'Hi.' };
const NO_MESSAGES = [
  ['Hi.', 'must be a JSON array or object'],
  ['{{true}}', 'is not valid JSON'],
  ['5', 'must be a JSON array or object'],
  [5, 'must be a JSON array or object'],
  [false, 'must be a JSON array or object'],
];
const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };

/** Per key: where it is in the request, [given, sent], and [given, start of the problem]. */
const ROWS = [
  ...Object.entries(MODEL_KEYS).map(([operation, key]) => ({
    key,
    label: 'Model',
    operations: [operation],
    of: ({ model }) => model,
    takes: [
      ['gpt-9-of-next-year', 'gpt-9-of-next-year'],
      [' vendor/model:free\n', 'vendor/model:free'],
      ['ft:gpt-4.1:org::id', 'ft:gpt-4.1:org::id'],
      [5, '5'],
    ],
    refuses: NO_TEXT,
  })),
  {
    key: 'prompt',
    label: 'Prompt',
    operations: ['completion', 'image_generation'],
    of: ({ prompt }) => prompt,
    takes: [...TEXTS, [['a', 'b'], 'a\nb'], [{ type: 'text', text: 'a' }, 'a']],
    refuses: [
      ...[...UNSET, []].map((value) => [
        value,
        'is empty. Enter the text to send, or check that its template has a value',
      ]),
      [{ row: 1 }, 'must be text, got an object'],
      [[TURN], 'must be the text to answer, got a list of messages'],
      [['a', [1]], '[1] must be text'],
    ],
  },
  {
    key: 'prompt',
    label: 'Prompt',
    operations: ['chat'],
    of: lastContent,
    takes: [
      ...TEXTS,
      [['a'], [{ type: 'text', text: 'a' }]],
      [{ type: 'text', text: 'a' }, [{ type: 'text', text: 'a' }]],
      [
        ['What is it?', image],
        [{ type: 'text', text: 'What is it?' }, image],
      ],
    ],
    refuses: [
      ...[...UNSET, []].map((value) => [
        value,
        'is empty. Enter the text to send, or check that its template has a value',
      ]),
      [{ row: 1 }, 'must be text, got an object'],
      [[{ row: 1 }], '[0] must be text or a content part'],
      [[TURN], 'must be the text to answer, got a list of messages'],
    ],
  },
  {
    key: 'max_tokens',
    label: 'Max tokens',
    operations: ['completion', 'chat'],
    of: ({ max_tokens }) => max_tokens,
    unset: { completion: 256, chat: undefined },
    takes: [5, '5', ' 5\n', '5.0', 5.0, '{{5}}', '{{ 5 }}', '5e0'].map((value) => [value, 5]),
    refuses: [0, '0', -1, 1.5, '1,000', 'many', 'undefined', '{{true}}', true, false, [], {}].map(
      (value) => [value, 'must be a whole number of at least 1, got '],
    ),
  },
  {
    key: 'temperature',
    label: 'Temperature',
    operations: ['completion', 'chat'],
    of: ({ temperature }) => temperature,
    takes: [
      ...[0, '0', '0.0', '{{0}}', '-0'].map((value) => [value, 0]),
      ...[0.7, '0.7', ' .7 ', '{{0.7}}', '7e-1'].map((value) => [value, 0.7]),
      ...[2, '2'].map((value) => [value, 2]),
    ],
    refuses: [2.1, '-0.1', '0,7', 'warm', 'NaN', 'Infinity', '{{true}}', true, false, [], {}].map(
      (value) => [value, 'must be a number from 0 to 2, got '],
    ),
  },
  {
    key: 'stop_sequence',
    label: 'Stop sequence',
    operations: ['completion', 'chat'],
    of: ({ stop }) => stop,
    unsetValues: [undefined, null, ''],
    takes: [
      ...TEXTS,
      [' ', ' '],
      ['\n\n', '\n\n'],
      ['a, b', 'a, b'],
      ['[not JSON', '[not JSON'],
      ...[['a', '\n'], '["a","\\n"]'].map((value) => [value, ['a', '\n']]),
      [['only'], 'only'],
      [
        ['a', 'b', 'c', 'd'],
        ['a', 'b', 'c', 'd'],
      ],
      [[], undefined],
    ],
    refuses: [
      [['a', 'b', 'c', 'd', 'e'], 'takes at most 4 stop sequences, got 5'],
      [['a', 1], '[1] must be text'],
      [{ a: 1 }, 'must be text or an array'],
    ],
  },
  {
    key: 'suffix',
    label: 'Suffix',
    operations: ['completion'],
    of: ({ suffix }) => suffix,
    takes: TEXTS,
    refuses: NO_TEXT,
  },
  {
    key: 'suffix',
    label: 'Suffix',
    operations: ['chat'],
    of: (request) => {
      assert.equal(request.suffix, undefined);
      return findInstructions(request)
        ? findInstructions(request).split('\n<suffix>')[1].slice(0, -'</suffix>'.length)
        : undefined;
    },
    takes: TEXTS,
    refuses: NO_TEXT,
  },
  {
    key: 'system_prompt',
    label: 'System prompt',
    operations: ['chat'],
    of: (request) => findInstructions(request) || undefined,
    takes: TEXTS,
    refuses: NO_TEXT,
  },
  {
    key: 'message_history',
    label: 'Message history',
    operations: ['chat'],
    of: ({ messages }) => (messages.length > 1 ? messages.slice(0, -1) : undefined),
    takes: [
      ...[[TURN], JSON.stringify([TURN]), TURN, JSON.stringify(TURN)].map((value) => [
        value,
        [TURN],
      ]),
      [[{ role: 'user', content: 5 }], [{ role: 'user', content: '5' }]],
      [[], undefined],
      ['[]', undefined],
    ],
    refuses: [
      ...NO_MESSAGES,
      [[TURN, 'Hi.'], '[1] must be an object'],
      [[TURN, null], '[1] must be an object'],
      [[{ content: 'Hi.' }], '[0] needs a role'],
      [[TURN, { role: 'user' }], '[1] needs content'],
      [{ role: 'user', content: {} }, '[0] needs text'],
      [[TURN, { role: 'bot', content: 'Hi.' }], '[1] must have the role system, '],
      [[{ role: 'tool', content: 'Hi.' }], '[0] must have text in tool_call_id'],
    ],
  },
  {
    key: 'size',
    label: 'Size',
    operations: ['image_generation'],
    of: ({ size }) => size,
    takes: [
      ['1024x1024', '1024x1024'],
      [' 7x7 ', '7x7'],
      ['huge', 'huge'],
    ],
    refuses: NO_TEXT,
  },
];

const shown = (value) => (value === undefined ? 'undefined' : JSON.stringify(value));

for (const { key, operations: of, ...row } of ROWS) {
  for (const operation of of) {
    describe(`${key} of ${operation}`, () => {
      test(`sends ${key} of ${operation} as given`, async () => {
        for (const [given, expected] of row.takes) {
          const found = row.of(await body({ ...least(operation), [key]: given }));
          assert.deepEqual(found, expected, `given ${shown(given)}`);
        }
      });

      if (row.label !== 'Prompt' && row.label !== 'Model') {
        test(`does not send ${key} of ${operation} when it is unset`, async () => {
          const without = await body(least(operation));
          assert.equal(row.of(without), row.unset?.[operation]);
          for (const given of row.unsetValues ?? UNSET) {
            const found = await body({ ...least(operation), [key]: given });
            assert.deepEqual(found, without, `given ${shown(given)}`);
          }
        });
      }

      test(`rejects ${key} of ${operation} by its label, and sends nothing, when the value is unusable`, async () => {
        for (const [given, problem] of row.refuses) {
          const description = await refuse({ ...least(operation), [key]: given });
          const start = row.label + (problem.startsWith('[') ? '' : ' ') + problem;
          assert.ok(description.startsWith(start), `given ${shown(given)}: ${description}`);
        }
      });
    });
  }
}

test('uses the default model of the operation when none is set', async () => {
  for (const [operation, model] of [
    ['completion', 'gpt-3.5-turbo-instruct'],
    ['chat', 'gpt-5.4-mini'],
    ['image_generation', 'gpt-image-2'],
    ['generate_embedding', 'text-embedding-3-small'],
  ]) {
    for (const unset of UNSET) {
      const query = { ...MINIMAL_QUERIES[operation], [MODEL_KEYS[operation]]: unset };
      assert.equal((await body(query)).model, model);
    }
  }
});

test('accepts an empty prompt when the history ends with a user turn', async () => {
  const query = { operation: 'chat', message_history: [TURN] };
  for (const prompt of UNSET) {
    assert.deepEqual((await body({ ...query, prompt })).messages, [TURN]);
  }
  const other = [TURN, { role: 'assistant', content: 'Hello.' }];
  assert.match(await refuse({ ...query, message_history: other }), /^Prompt is empty/);
});
