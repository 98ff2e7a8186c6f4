// What saved apps contain besides the current keys: fields of the old form, keys of ToolJet and of
// operations chosen before, old data sources, and models that are gone.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPERATIONS as DEFINITIONS, listFields, operations } from './forms.mjs';
import {
  allSent,
  connect,
  fail,
  KEY,
  MINIMAL_QUERIES,
  MODEL_KEYS,
  mockApi,
  OPERATIONS,
  refuse,
  rowsOf,
  run,
  sent,
  succeed,
  takesEverything,
} from './plugin.mjs';

/** Values that mean "not set". */
const UNSET = [undefined, null, '', '  ', '\n'];
const MODEL = 'brand-new';
const least = (operation) => ({ ...MINIMAL_QUERIES[operation], [MODEL_KEYS[operation]]: MODEL });
async function body(query) {
  mockApi.respondWith(takesEverything);
  return (await sent(query)).body;
}

describe('embedding queries of the old form', () => {
  const EMBEDDING_MODELS = [
    'text-embedding-3-small',
    'text-embedding-3-large',
    'text-embedding-ada-002',
  ];
  for (const [index, model] of EMBEDDING_MODELS.entries()) {
    for (const set of [`M${index + 1}`, `_m${index + 1}`]) {
      test(`runs an old embedding query with ${model} and the key input_${set}`, async () => {
        const query = {
          operation: 'generate_embedding',
          model_embedding: model,
          [`input_${set}`]: 'a calm sea',
          [`encoding_format_${set}`]: 'float',
          [`dimensions_${set}`]: '256',
        };
        const expected = { model, input: 'a calm sea', encoding_format: 'base64', dimensions: 256 };
        assert.deepEqual(await body(query), expected);
        // Values that a chat query left behind before the operation was changed.
        assert.deepEqual(await body({ ...query, model: 'gpt-4o', prompt: 'Hi.' }), expected);
        // Fields of models that were chosen before.
        const others = Object.fromEntries(
          [1, 2, 3]
            .filter((other) => other !== index + 1)
            .flatMap((other) => [`input_M${other}`, `dimensions__m${other}`])
            .map((key) => [key, 'stale']),
        );
        assert.deepEqual(await body({ ...query, ...others }), expected);
      });
    }
  }

  test('prefers the current fields to those of an old embedding query', async () => {
    const query = { operation: 'generate_embedding', model_embedding: MODEL, input: 'new' };
    const old = { model: EMBEDDING_MODELS[0], input_M1: 'old', dimensions_M1: 5 };
    assert.deepEqual(await body({ ...query, ...old }), {
      model: MODEL,
      input: 'new',
      encoding_format: 'base64',
    });
  });

  test('accepts several embedding inputs as an array or as its text', async () => {
    for (const input of [['a', 'b'], '["a","b"]']) {
      assert.deepEqual((await body({ ...least('generate_embedding'), input })).input, ['a', 'b']);
    }
    for (const [input, problem] of [
      ...[...UNSET, []].map((value) => [
        value,
        'Input is empty. Enter the text to embed, or check that its template has a value',
      ]),
      [{ a: 1 }, 'Input must be text or an array of strings'],
      [['a', ''], 'Input[1] must be text'],
      [['a', null], 'Input[1] must be text'],
    ]) {
      const description = await refuse({ ...least('generate_embedding'), input });
      assert.ok(description.startsWith(problem), `given ${JSON.stringify(input)}: ${description}`);
    }
  });
});

/** Keys that ToolJet itself stores in the options of a query. */
const HOST_KEYS = {
  transformationLanguage: 'javascript',
  enableTransformation: true,
  transformation: 'return data;',
  transformations: { javascript: 'return data;', python: '' },
  parameters: [{ name: 'a', defaultValue: '{{1}}' }],
  runOnPageLoad: true,
  requestConfirmation: false,
  showSuccessNotification: true,
  successMessage: null,
  notificationDuration: 5000,
  events: [{ eventId: 'onDataQuerySuccess', actionId: 'show-alert' }],
};
/** What a query sends, the rows of a batch included. */
const requestsOf = async (query) =>
  Promise.all(
    (await allSent(query)).map(async (request) => [
      request.path,
      request.body,
      await rowsOf(request),
    ]),
  );
const listKeys = (operation) => listFields(operation).map(({ key }) => key);

for (const operation of OPERATIONS) {
  test(`runs ${operation}, and ignores keys that other branches and ToolJet left`, async () => {
    mockApi.respondWith(takesEverything);
    const expected = await requestsOf(least(operation));
    const own = [...listKeys(operation), 'model', 'advanced'];
    const foreign = OPERATIONS.flatMap(listKeys).filter((key) => !own.includes(key));
    assert.ok(foreign.length > 3);
    const stale = Object.fromEntries(foreign.map((key) => [key, { stale: [operation] }]));
    const query = { ...HOST_KEYS, advanced: 'on', ...stale, ...least(operation) };
    assert.deepEqual(await requestsOf(query), expected);
  });
}

/** A query that ToolJet's own plugin saved, for every operation. */
const SAVED = [
  {
    operation: 'completion',
    model: 'text-davinci-003',
    prompt: 'Hi',
    max_tokens: '67',
    suffix: '',
  },
  { operation: 'chat', model: 'gpt-4o', prompt: 'Hi', max_tokens: '67', temperature: '0' },
  { operation: 'image_generation', model: 'gpt-image-1', prompt: 'hills', size: '1024x1024' },
  ...['M1', 'M2', 'M3', '_m1', '_m2', '_m3'].map((set) => ({
    operation: 'generate_embedding',
    model_embedding: ['text-embedding-3-small', 'text-embedding-3-large', 'text-embedding-ada-002'][
      Number(set.at(-1)) - 1
    ],
    [`input_${set}`]: 'a calm sea',
    [`encoding_format_${set}`]: 'base64',
  })),
];

for (const saved of SAVED) {
  test(`sends the same for ${saved.operation} of ${Object.keys(saved).at(-1)} when the newest ToolJet has filled in defaults`, async () => {
    assert.deepEqual(await body({ ...operations.defaults, ...saved }), await body(saved));
  });
}

/** Queries saved by the forms of newer operations, and what they must keep sending. */
const SAVED_LATER = DEFINITIONS.filter(({ savedQuery }) => savedQuery).map(
  ({ value, name, savedQuery: { query, path, body } }) => ({
    name,
    query: { operation: value, ...query },
    path: `/v1${path}`,
    body,
  }),
);

for (const { name, query, path, body: expected } of SAVED_LATER) {
  test(`sends the same as before for a saved query of ${name}`, async () => {
    const saved = { ...query, advanced: 'off', ...HOST_KEYS };
    for (const options of [saved, { ...operations.defaults, ...saved }]) {
      mockApi.respondWith(takesEverything);
      const found = await sent(options);
      assert.deepEqual([found.path, found.body], [path, expected]);
    }
  });
}

describe('query_timeout', () => {
  test("fails in time with the plugin's own error when query_timeout ends", async () => {
    mockApi.respondWith({ fault: 'hang' });
    // The plugin's timeout ends before ToolJet's, by a margin that grows with the duration.
    const timeouts = [2_000, '2000', ' 2000 '];
    const results = await Promise.all(
      timeouts.map((query_timeout) => fail({ ...MINIMAL_QUERIES.chat, query_timeout })),
    );
    for (const { data, description } of results) assert.equal(data.code, 'timeout', description);
  });

  test('ignores a query_timeout that is not a number above 0, as ToolJet does', async () => {
    for (const query_timeout of [0, -5, 'soon', '', null, [], {}]) {
      await succeed({ ...MINIMAL_QUERIES.chat, query_timeout });
    }
  });
});

describe('the data source of a saved app', () => {
  test('accepts an API key with blanks around it', async () => {
    for (const apiKey of [KEY, ` ${KEY} `, `${KEY}\n`, `\r\n\t${KEY}`]) {
      const { headers } = await sent(MINIMAL_QUERIES.chat, { apiKey });
      assert.equal(headers.authorization, `Bearer ${KEY}`);
    }
    for (const apiKey of UNSET) {
      assert.match(
        await refuse(MINIMAL_QUERIES.chat, { apiKey }),
        /^API key is missing; enter it in the data source/,
      );
    }
  });

  test('reports a wrong organization that was saved but never sent before', async () => {
    for (const organizationId of ['org-of-somebody', 'Acme Inc.']) {
      const query = await fail(MINIMAL_QUERIES.chat, { organizationId });
      assert.equal(query.data.status, 401);
      assert.match(query.data.hint, /^Check the Organization ID in the data source/);
      const tested = await connect({ organizationId });
      assert.match(tested.message, /Check the Organization ID in the data source/);
    }
  });

  test('needs only the key of a saved data source, and ignores removed keys', async () => {
    const old = { optionsUpdatedAt: 'x', model: 'gpt-4', max_tokens: {} };
    assert.equal((await run(MINIMAL_QUERIES.chat, old)).status, 'ok');
  });
});

/** The models that the old form offered, by their status in November 2026. */
const MODELS = {
  chat: {
    served: [
      ...['gpt-5.2', 'gpt-5.1', 'gpt-5', 'gpt-5-mini', 'gpt-5-nano', 'o3'],
      ...['gpt-4.1', 'gpt-4.1-mini', 'gpt-4o', 'gpt-4o-mini'],
    ],
    gone: [
      ...['o4-mini', 'o3-mini', 'o1', 'gpt-4.1-nano', 'gpt-4', 'gpt-4-turbo'],
      'gpt-3.5-turbo-0125',
    ],
  },
  image_generation: { served: [], gone: ['gpt-image-1', 'dall-e-2', 'dall-e-3'] },
  generate_embedding: {
    served: ['text-embedding-3-small', 'text-embedding-3-large', 'text-embedding-ada-002'],
    gone: [],
  },
};
/** The fields of the old form as filled in by an app builder. */
const FILLED_IN = {
  chat: { temperature: '0.5', max_tokens: '400', stop_sequence: '', suffix: '' },
};

for (const [operation, { served, gone }] of Object.entries(MODELS)) {
  describe(`a saved query of ${operation}`, () => {
    const query = (model) => ({ ...MINIMAL_QUERIES[operation], ...FILLED_IN[operation], model });

    for (const model of served) {
      test(`runs a saved query of ${operation} with ${model}`, () => succeed(query(model)));
    }

    for (const model of gone) {
      test(`names a replacement that works when a saved query of ${operation} uses ${model}`, async () => {
        const { description, data } = await fail(query(model));
        const said = new RegExp(
          `(?:OpenAI announced the shutdown of ${model} for 20\\d\\d-\\d\\d-\\d\\d|OpenAI no longer serves ${model})\\. (?:Use (\\S+)|Enter (\\S+) in Model)\\.$`,
        );
        assert.match(description, said);
        assert.equal(data.model, model);
        await succeed(query(said.exec(description).slice(1).find(Boolean)));
      });
    }
  });
}

test('runs a saved completion whose model is gone, and names a replacement when the engine is completions', async () => {
  const query = { ...MINIMAL_QUERIES.completion, model: 'gpt-3.5-turbo-instruct' };
  const { metadata } = await succeed(query);
  assert.equal(metadata.substituted_model, 'gpt-5.4-mini');
  const { description } = await fail({ ...query, engine: 'completions' });
  assert.match(
    description,
    /the shutdown of gpt-3\.5-turbo-instruct for 2026-09-28\. Use gpt-5\.4-mini with Engine set to Auto or Chat only\.$/,
  );
});
