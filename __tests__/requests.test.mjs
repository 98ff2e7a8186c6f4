// What the API receives: the body for every option, and the headers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { validateRequest } from './openapi.mjs';
import {
  inProcess,
  KEY,
  MINIMAL_QUERIES,
  MODEL_KEYS,
  mockApi,
  operatorsAccount,
  sent,
  source,
  takesEverything,
} from './plugin.mjs';

/** A model that the plugin does not know, so that it adjusts nothing. */
const MODEL = 'brand-new';
const NUMBERS = {
  temperature: { temperature: 0.7 },
  top_p: { top_p: 0.25 },
  frequency_penalty: { frequency_penalty: -1.5 },
  presence_penalty: { presence_penalty: 2 },
  seed: { seed: -7 },
  n: { n: 3 },
};
const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const ask = (content) => ({ messages: [{ role: 'user', content }] });

/** By operation: the minimal body, and [options, what they add to it]. */
const BODIES = {
  completion: {
    path: '/v1/completions',
    least: { model: MODEL, prompt: 'Once upon a time', max_tokens: 256, stream: false },
    options: [
      ...Object.entries(NUMBERS).map(([key, added]) => [{ [key]: added[key] }, added]),
      [{ max_tokens: 40 }, { max_tokens: 40 }],
      [{ stop_sequence: 'a, b\nEND' }, { stop: 'a, b\nEND' }],
      [{ stop_sequence: ['\n', 'END'] }, { stop: ['\n', 'END'] }],
      [{ stop_sequence: '\n' }, { stop: '\n' }],
      [{ stop_sequence: ' ' }, { stop: ' ' }],
      [{ suffix: ' the end.' }, { suffix: ' the end.' }],
      [{ best_of: 4 }, { best_of: 4 }],
      [{ echo: 'true' }, { echo: true }],
      [{ echo: false }, { echo: false }],
      [{ logprobs: 2 }, { logprobs: 2 }],
      [{ extra_body: { user: 'someone' } }, { user: 'someone' }],
    ],
  },
  chat: {
    path: '/v1/chat/completions',
    least: { model: MODEL, ...ask('As JSON: the capital of France?'), stream: false },
    options: [
      ...Object.entries(NUMBERS).map(([key, added]) => [{ [key]: added[key] }, added]),
      [{ max_tokens: 40 }, { max_tokens: 40 }],
      [{ stop_sequence: ['a', 'b', 'c', 'd'] }, { stop: ['a', 'b', 'c', 'd'] }],
      [{ response_format: 'json_object' }, { response_format: { type: 'json_object' } }],
      [
        { response_format: 'json_schema', json_schema: SCHEMA },
        {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'response', schema: SCHEMA, strict: true },
          },
        },
      ],
      [{ reasoning_effort: 'minimal' }, { reasoning_effort: 'minimal' }],
      [{ verbosity: 'low' }, { verbosity: 'low' }],
      [{ service_tier: 'flex' }, { service_tier: 'flex' }],
      [{ prompt_cache_key: 'demo' }, { prompt_cache_key: 'demo' }],
      [{ safety_identifier: 'a1b2' }, { safety_identifier: 'a1b2' }],
      [{ metadata: { ticket: 42 } }, { metadata: { ticket: '42' } }],
      [
        { moderation: 'both' },
        {
          moderation: {
            model: 'omni-moderation-latest',
            policy: { input: { mode: 'score' }, output: { mode: 'score' } },
          },
        },
      ],
      [{ extra_body: '{"store": true}' }, { store: true }],
      [
        { images: [PIXEL], image_detail: 'low' },
        ask([
          { type: 'text', text: 'As JSON: the capital of France?' },
          { type: 'image_url', image_url: { url: PIXEL, detail: 'low' } },
        ]),
      ],
      [
        { system_prompt: 'Be brief.', message_history: [{ role: 'assistant', content: 'Hi.' }] },
        {
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'assistant', content: 'Hi.' },
            { role: 'user', content: 'As JSON: the capital of France?' },
          ],
        },
      ],
    ],
  },
  image_generation: {
    path: '/v1/images/generations',
    least: { model: MODEL, prompt: 'hills' },
    options: [
      [{ size: '1536x1024' }, { size: '1536x1024' }],
      [{ quality: 'low' }, { quality: 'low' }],
      [{ background: 'transparent' }, { background: 'transparent' }],
      [{ output_format: 'webp' }, { output_format: 'webp' }],
      [{ n: 2 }, { n: 2 }],
      [{ extra_body: { moderation: 'low' } }, { moderation: 'low' }],
    ],
  },
  generate_embedding: {
    path: '/v1/embeddings',
    least: { model: MODEL, input: 'a calm sea', encoding_format: 'base64' },
    options: [
      [{ input: ['a calm sea', 'a busy street'] }, { input: ['a calm sea', 'a busy street'] }],
      [{ dimensions: 256 }, { dimensions: 256 }],
      [{ encoding_format: 'base64' }, { encoding_format: 'base64' }],
      [{ extra_body: { user: 'someone' } }, { user: 'someone' }],
    ],
  },
};

const minimalQuery = (operation) => ({
  ...MINIMAL_QUERIES[operation],
  [MODEL_KEYS[operation]]: MODEL,
  ...(operation === 'chat' && { prompt: 'As JSON: the capital of France?' }),
});

/** As a form passes it: typed values are strings. */
const asTyped = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

async function expectBody(operation, query, expected) {
  const { path } = BODIES[operation];
  mockApi.respondWith(takesEverything);
  const request = await sent(query);
  assert.equal(`${request.method} ${request.path}`, `POST ${path}`);
  assert.deepEqual(request.body, expected);
  assert.deepEqual(validateRequest('POST', path, request.body), []);
  assert.doesNotMatch(request.text, /\bnull\b/);
}

for (const [operation, { least, options }] of Object.entries(BODIES)) {
  describe(`a request of ${operation}`, () => {
    test(`sends only what is set for ${operation}`, () =>
      expectBody(operation, minimalQuery(operation), least));

    for (const [option, added] of options) {
      test(`sends ${JSON.stringify(option)} for ${operation}, also when typed as text`, async () => {
        const expected = { ...least, ...added };
        await expectBody(operation, { ...minimalQuery(operation), ...option }, expected);
        const typed = Object.entries(option).map(([key, value]) => [key, asTyped(value)]);
        await expectBody(
          operation,
          { ...minimalQuery(operation), ...Object.fromEntries(typed) },
          expected,
        );
      });
    }

    test(`sends all options of ${operation} at once`, () => {
      const together = Object.assign({}, ...options.map(([option]) => option));
      const expected = Object.assign({}, least, ...options.map(([, added]) => added));
      if (operation === 'chat') {
        const [, image] = options.find(([option]) => option.images);
        const [, history] = options.find(([option]) => option.message_history);
        expected.messages = [...history.messages.slice(0, 2), ...image.messages];
      }
      return expectBody(operation, { ...minimalQuery(operation), ...together }, expected);
    });
  });
}

test('requests the model list without a body', async () => {
  const request = await sent({ ...MINIMAL_QUERIES.list_models, filter: 'gpt' });
  assert.equal(`${request.method} ${request.path} ${request.text}`, 'GET /v1/models ');
});

test('sends the token limit under the name that the model accepts', async () => {
  const body = async (model) => {
    mockApi.respondWith(takesEverything);
    return (await sent({ ...MINIMAL_QUERIES.chat, model, max_tokens: '9' })).body;
  };
  assert.equal((await body('gpt-4o')).max_completion_tokens, 9);
  assert.equal((await body('qwen3:8b')).max_tokens, 9);
});

const sendHeaders = async (sourceOptions) =>
  (await sent(MINIMAL_QUERIES.list_models, sourceOptions)).headers;
const optional = ['openai-organization', 'openai-project', 'api-key', 'openai-beta', 'cookie'];

describe('the headers of a request', () => {
  test('sends the key and a user agent, and only the headers that are set', async () => {
    const headers = await sendHeaders();
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
    assert.equal(headers.authorization, `Bearer ${KEY}`);
    assert.equal(headers['user-agent'], `tooljet-openai/${version}`);
    assert.equal(headers.accept, 'application/json');
    for (const name of optional) assert.equal(headers[name], undefined, name);
    assert.doesNotMatch(Object.keys(headers).join(' '), /stainless|idempotency/);
  });

  test('sends the content type JSON with a body', async () => {
    assert.equal((await sent(MINIMAL_QUERIES.chat)).headers['content-type'], 'application/json');
  });

  for (const [key, header, id] of [
    ['organizationId', 'openai-organization', 'org-mock-api'],
    ['project_id', 'openai-project', 'proj_mock_api'],
  ]) {
    test(`sends ${key} without blanks around it`, async () => {
      for (const value of [id, ` ${id}\n`, `\t${id}\r\n`]) {
        assert.equal((await sendHeaders({ [key]: value }))[header], id);
      }
    });

    test(`does not send ${key} when it is blank or stale`, async () => {
      for (const value of [undefined, null, '', ' \n', 'null', 'undefined', ' null ']) {
        assert.equal((await sendHeaders({ [key]: value }))[header], undefined, `of ${value}`);
      }
    });
  }

  test('sends the headers of the data source when the last pair is empty', async () => {
    const pairs = [
      ['X-Team', ' blue '],
      ['X-Count', 5],
      ['', 'no name'],
      ['X-None', null],
      ['', ''],
    ];
    const headers = await sendHeaders({ headers: pairs });
    assert.deepEqual([headers['x-team'], headers['x-count']], ['blue', '5']);
    assert.equal(headers['x-none'], undefined);
  });

  test('replaces its own headers with those of the data source', async () => {
    mockApi.respondWith(takesEverything);
    const headers = await sendHeaders({
      organizationId: 'org-mock-api',
      headers: [
        ['Authorization', 'Basic abc'],
        ['OpenAI-Organization', 'org-other'],
        ['User-Agent', 'mine'],
      ],
    });
    assert.deepEqual(
      [headers.authorization, headers['openai-organization'], headers['user-agent']],
      ['Basic abc', 'org-other', 'mine'],
    );
  });

  test('sends a key without pasted extras', async () => {
    for (const apiKey of [
      `Bearer ${KEY}`,
      `bearer   ${KEY}\n`,
      `"${KEY}"`,
      `'Bearer ${KEY}'`,
      `Authorization: Bearer ${KEY}`,
    ]) {
      assert.equal((await sendHeaders({ apiKey })).authorization, `Bearer ${KEY}`, apiKey);
    }
  });

  test("keeps its own header when the data source's header is blank", async () => {
    const headers = await sendHeaders({ headers: [['Authorization', ' ']] });
    assert.equal(headers.authorization, `Bearer ${KEY}`);
  });

  test('sends a key as api-key, and an Entra token as bearer, to an Azure deployment', async () => {
    mockApi.respondWith(takesEverything);
    const base = `${mockApi.url}/openai/deployments/D?api-version=2024-10-21`;
    const azure = { apiKey: 'abcdef0123456789', base_url: base };
    const request = await sent(MINIMAL_QUERIES.chat, azure);
    assert.equal(request.path, '/openai/deployments/D/chat/completions?api-version=2024-10-21');
    assert.equal(request.headers['api-key'], 'abcdef0123456789');
    assert.equal(request.headers.authorization, undefined);
    const models = await sent(MINIMAL_QUERIES.list_models, azure);
    assert.equal(models.path, '/openai/models?api-version=2024-10-21');
    const token = await sent(MINIMAL_QUERIES.chat, {
      ...azure,
      apiKey: 'eyJhbGciOiJub25lIn0.e30.',
    });
    assert.equal(token.headers.authorization, 'Bearer eyJhbGciOiJub25lIn0.e30.');
    assert.equal(token.headers['api-key'], undefined);
  });
});

describe('the base URL of a request', () => {
  const pathFor = async (base_url) => {
    mockApi.respondWith(takesEverything);
    return (await sent(MINIMAL_QUERIES.chat, { base_url })).path;
  };

  test('is the same however it is written', async () => {
    for (const base of [
      '',
      '/',
      '/v1',
      '/v1//',
      '/v1/chat',
      '/v1/chat/completions',
      '/v1/responses/',
      '/v1/images/generations',
      '/api/generate',
      '/v1 \n',
    ]) {
      assert.equal(await pathFor(mockApi.url + base), '/v1/chat/completions', base);
    }
    for (const written of [
      `"${mockApi.url}"`,
      `'${mockApi.baseUrl}/'`,
      mockApi.url.replace('http://', ''),
      mockApi.url.replace('http', 'HTTP'),
    ]) {
      assert.equal(await pathFor(written), '/v1/chat/completions', written);
    }
  });

  test('has no /v1 when an endpoint without it was pasted', async () => {
    for (const endpoint of ['/chat/completions', '/models', '/embeddings/']) {
      assert.equal(await pathFor(mockApi.url + endpoint), '/chat/completions');
    }
    assert.equal(
      await pathFor(`${mockApi.url}/api/chat/completions?key=a`),
      '/api/chat/completions?key=a',
    );
  });
});

test('keeps the options of query and data source apart', async () => {
  const stray = { apiKey: 'sk-stray', organizationId: 'org-stray', base_url: 'http://localhost:1' };
  const { headers } = await sent({
    ...MINIMAL_QUERIES.chat,
    ...stray,
    headers: [['x-stray', '1']],
  });
  assert.equal(headers.authorization, `Bearer ${KEY}`);
  assert.deepEqual([headers['openai-organization'], headers['x-stray']], [undefined, undefined]);
  const { body } = await sent(MINIMAL_QUERIES.chat, {
    temperature: 1,
    prompt: 'stray',
    model: 'stray',
  });
  assert.deepEqual(Object.keys(body), ['model', 'messages', 'stream']);
  assert.equal(body.messages[0].content, MINIMAL_QUERIES.chat.prompt);
});

test("ignores the server's own OPENAI_* variables", async (t) => {
  const { api, env } = await operatorsAccount(t);
  const { results } = await inProcess({
    env,
    calls: [
      { source: source(), query: MINIMAL_QUERIES.chat },
      { source: { base_url: mockApi.baseUrl }, query: MINIMAL_QUERIES.chat },
      { source: { apiKey: KEY, max_retries: 0 }, query: MINIMAL_QUERIES.chat },
    ],
  });
  assert.deepEqual(
    results.map(({ status, data }) => [status, data?.param ?? data?.code]),
    [
      ['ok', undefined],
      ['failed', 'apiKey'],
      ['failed', 'proxy_failed'],
    ],
  );
  assert.equal(mockApi.requests.length, 1);
  const { authorization, ...headers } = mockApi.requests[0].headers;
  assert.equal(authorization, `Bearer ${KEY}`);
  assert.doesNotMatch(JSON.stringify(headers), /operator/);
  assert.deepEqual(api.requests, []);
});
