// The engines of Completions: which endpoint continues a prompt, and what metadata reports.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONTINUATIONS, INSERTIONS } from '../mock-api/continuations.mjs';
import { startMockApi } from '../mock-api/server.mjs';
import { serveFixture } from './fixtures.mjs';
import { apiError, fail, MINIMAL_QUERIES, mockApi, run, source, succeed } from './plugin.mjs';

const query = (options) => ({ ...MINIMAL_QUERIES.completion, ...options });
const paths = (server = mockApi) => server.requests.map(({ path }) => path.replace('/v1/', ''));

/** A separate mock API, for which the plugin has cached nothing. */
async function freshMockApi(t) {
  const fresh = await startMockApi();
  t.after(() => fresh.close());
  return fresh;
}

const BOTH = ['completions', 'chat/completions'];
const CHAT_MODEL = 'gpt-5.4-mini';

describe('engine auto', () => {
  test('uses Completions when the engine is auto and the model is available', async () => {
    const { metadata } = await succeed(query());
    assert.deepEqual(paths(), ['completions']);
    assert.equal(metadata.endpoint, 'completions');
    assert.ok(!('substituted_model' in metadata));
  });

  test('uses the engine auto when none is set', async () => {
    for (const engine of ['auto', ' Auto ', '', null, undefined]) {
      mockApi.reset();
      await succeed(query({ engine }));
      assert.deepEqual(paths(), ['completions'], `engine ${engine}`);
    }
  });

  test('falls back to the default chat model, and reports it, when the model is gone', async (t) => {
    const fresh = await freshMockApi(t);
    const gone = query({ model: undefined });
    const { data, metadata } = await succeed(gone, { base_url: fresh.baseUrl });
    assert.deepEqual(paths(fresh), BOTH);
    assert.equal(fresh.requests[1].body.model, CHAT_MODEL);
    assert.equal(data, (await succeed(query())).data);
    const { endpoint, substituted_model, attempts } = metadata;
    assert.deepEqual(
      { endpoint, substituted_model, attempts },
      { endpoint: BOTH[1], substituted_model: CHAT_MODEL, attempts: 2 },
    );
  });

  test('caches the fallback per base URL and model, and reports it each time', async (t) => {
    const [one, other] = [await freshMockApi(t), await freshMockApi(t)];
    const ask = async (server, model) => {
      server.reset();
      const { metadata } = await succeed(query({ model }), { base_url: server.baseUrl });
      assert.equal(metadata.substituted_model, CHAT_MODEL);
      assert.equal(metadata.endpoint, BOTH[1]);
      assert.equal(metadata.attempts, server.requests.length);
      return paths(server);
    };
    assert.deepEqual(await ask(one, 'davinci-002'), BOTH);
    assert.deepEqual(await ask(one, 'davinci-002'), ['chat/completions']);
    assert.deepEqual(await ask(one, 'babbage-002'), BOTH, 'another model');
    assert.deepEqual(await ask(other, 'davinci-002'), BOTH, 'another base URL');
    assert.deepEqual(await ask(one, 'davinci-002'), ['chat/completions']);
  });

  test('falls back to the named model when it is a chat model', async (t) => {
    const { baseUrl, requests } = await freshMockApi(t);
    for (const requestsSent of [2, 1]) {
      requests.length = 0;
      const named = query({ model: 'gpt-4o' });
      const { metadata } = await succeed(named, { base_url: baseUrl });
      assert.equal(requests.length, requestsSent);
      assert.equal(requests.at(-1).body.model, 'gpt-4o');
      assert.equal(metadata.endpoint, BOTH[1]);
      assert.ok(!('substituted_model' in metadata));
    }
  });

  test('falls back to the named model when the server has no Completions', async (t) => {
    const fresh = await freshMockApi(t);
    fresh.respondWith([
      { status: 404, body: '{"detail": "Not Found"}' },
      serveFixture('compat_groq_chat'),
    ]);
    const { data } = await succeed(query({ model: 'llama-3.3' }), { base_url: fresh.baseUrl });
    assert.equal(data, 'Pong.');
    assert.deepEqual(paths(fresh), BOTH);
    assert.equal(fresh.requests[1].body.model, 'llama-3.3');
  });

  test('does not fall back after any other failure', async () => {
    for (const failure of [
      apiError(400, { message: 'Prompt too long.', code: 'context_length_exceeded' }),
      apiError(401, { code: 'invalid_api_key' }),
      apiError(403, { code: 'unsupported_country_region_territory' }),
      apiError(429, { code: 'insufficient_quota', type: 'insufficient_quota' }),
      apiError(500, {}),
    ]) {
      mockApi.reset();
      mockApi.respondWith(failure);
      await fail(query(), { max_retries: 0 });
      assert.deepEqual(paths(), ['completions'], JSON.stringify(failure.body));
    }
  });

  test('reports the failure of the fallback, and does not cache it', async (t) => {
    const fresh = await freshMockApi(t);
    const gone = apiError(404, { message: 'No such model.', code: 'model_not_found' });
    fresh.respondWith([gone, apiError(500, { message: 'Chat is down.' }), gone]);
    const asked = query({ model: 'gone' });
    const where = { base_url: fresh.baseUrl, max_retries: 0 };
    assert.match((await fail(asked, where)).description, /Chat is down\./);
    await succeed(asked, where);
    assert.deepEqual(paths(fresh), [...BOTH, ...BOTH]);
  });
});

test('reports the error about the named model when no chat model is available either', async (t) => {
  const fresh = await freshMockApi(t);
  const unknown = (model) =>
    apiError(404, { message: `No model ${model} here.`, code: 'model_not_found' });
  fresh.respondWith(({ body }) => unknown(body.model));
  const { description, data } = await fail(query({ model: 'mine' }), { base_url: fresh.baseUrl });
  assert.deepEqual(paths(fresh), BOTH);
  assert.match(description, /No model mine here\./);
  assert.equal(data.model, 'mine');
});

test('never falls back, and names a replacement, when the engine is completions', async () => {
  const { description } = await fail(query({ engine: 'completions', model: undefined }));
  assert.deepEqual(paths(), ['completions']);
  assert.match(description, /Use gpt-5\.4-mini with Engine set to Auto or Chat only\.$/);
});

test('ignores the cached fallback when the engine is completions', async () => {
  await succeed(query({ model: 'davinci-002' }));
  mockApi.reset();
  await fail(query({ engine: 'completions', model: 'davinci-002' }));
  assert.deepEqual(paths(), ['completions']);
});

test('never uses Completions when the engine is chat', async () => {
  for (const [model, asked] of [
    [undefined, CHAT_MODEL],
    ['gpt-3.5-turbo-instruct', CHAT_MODEL],
    ['gpt-4.1', 'gpt-4.1'],
  ]) {
    mockApi.reset();
    const { data, metadata } = await succeed(query({ engine: 'chat', model }));
    assert.deepEqual(paths(), ['chat/completions']);
    assert.equal(mockApi.requests[0].body.model, asked);
    assert.equal(metadata.substituted_model, asked === model ? undefined : asked);
    assert.equal(typeof data, 'string');
  }
});

describe('Completions through chat', () => {
  const chat = (options) => query({ engine: 'chat', model: 'gpt-4o', ...options });
  const TEXT = CONTINUATIONS[0].text;

  test('requests text before a suffix through chat, without the suffix in request and answer', async () => {
    for (const { prompt, suffix, text } of INSERTIONS) {
      mockApi.reset();
      const { data } = await succeed(chat({ prompt, suffix }));
      assert.equal(data, text);
      const [{ body }] = mockApi.requests;
      assert.ok(!('suffix' in body));
      assert.ok(body.messages[0].content.endsWith(`<suffix>${suffix}</suffix>`));
      assert.deepEqual(body.messages[1], { role: 'user', content: prompt });
    }
  });

  test('repeats the prompt itself when echo is set and the engine is chat', async () => {
    assert.equal((await succeed(chat({ echo: 'true' }))).data, `Once upon a time${TEXT}`);
    assert.equal((await succeed(chat({ echo: 'false' }))).data, TEXT);
  });

  test('supports several answers, stops, a token limit and log probabilities through chat', async () => {
    assert.equal((await succeed(chat({ n: 2 }))).data.length, 2);
    assert.equal(
      (await succeed(chat({ stop_sequence: ' keeper' }))).data,
      TEXT.split(' keeper')[0],
    );
    const cut = await succeed(chat({ max_tokens: 2, logprobs: 1 }));
    assert.deepEqual([cut.data, cut.metadata.finish_reason], [' there was', 'length']);
    assert.equal(cut.metadata.logprobs.content.length, 2);
  });

  test('uses the default token limit of Completions when none is set through chat', async () => {
    await succeed(chat());
    assert.equal(mockApi.requests[0].body.max_completion_tokens, 256);
  });

  test('lists best_of as removed when the engine is chat', async () => {
    const { metadata } = await succeed(chat({ best_of: 3 }));
    assert.deepEqual(metadata.adjusted, [{ parameter: 'best_of', change: 'removed' }]);
    assert.ok(!('best_of' in mockApi.requests[0].body));
  });
});

test('continues the listed prompts the same way on both endpoints', async (t) => {
  const texts = [...CONTINUATIONS, ...INSERTIONS];
  const different = [];
  for (const { prompt, suffix, text } of texts) {
    const [completed, chatted] = await Promise.all(
      ['completions', 'chat'].map((engine) =>
        run(query({ prompt, suffix, engine, ...(engine === 'chat' && { model: undefined }) })),
      ),
    );
    assert.equal(completed.data, text);
    if (chatted.data !== completed.data) different.push({ prompt, completed, chatted });
  }
  t.diagnostic(`agreement: ${texts.length - different.length} of ${texts.length} texts`);
  assert.deepEqual(different, []);
});

test('runs both engines at once on one data source', async () => {
  const results = await Promise.all(
    ['completions', 'chat', 'auto'].map((engine) =>
      run(query({ engine, ...(engine === 'chat' && { model: 'gpt-4o' }) }), source()),
    ),
  );
  assert.deepEqual([...new Set(results.map(({ data }) => data))], [CONTINUATIONS[0].text]);
});
