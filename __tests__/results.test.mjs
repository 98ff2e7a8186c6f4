// What an app gets: `data` in the shape that its components are bound to, and failures that are
// thrown as QueryError with small structured data.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadPlugin } from '../harness/loaders.mjs';
import { serveFixture } from './fixtures.mjs';
import {
  apiError,
  CONNECTION_FAILED,
  connect,
  fail,
  MINIMAL_QUERIES,
  mockApi,
  PLUGIN,
  QUERY_FAILED,
  source,
  succeed,
} from './plugin.mjs';

const dataOf = async (query) => (await succeed(query)).data;

describe('the data', () => {
  test('of completion is a string, or an array of them', async () => {
    const one = await dataOf(MINIMAL_QUERIES.completion);
    assert.match(one, /^ there was a lighthouse/);
    assert.equal(await dataOf({ ...MINIMAL_QUERIES.completion, n: '1' }), one);
    const three = await dataOf({ ...MINIMAL_QUERIES.completion, n: '3' });
    assert.equal(three.length, 3);
    assert.equal(three[0], one);
    assert.deepEqual([...new Set(three.map((text) => typeof text))], ['string']);
  });

  test('of chat is a string, or an array of them', async () => {
    const one = 'The capital of France is Paris.';
    assert.equal(await dataOf(MINIMAL_QUERIES.chat), one);
    const [first, ...others] = await dataOf({ ...MINIMAL_QUERIES.chat, n: 2 });
    assert.deepEqual([first, others.length, typeof others[0]], [one, 1, 'string']);
  });

  test('of chat with a JSON format is the parsed value, or an array of them', async () => {
    const prompt = 'Answer as JSON: the capital of France?';
    const object = { ...MINIMAL_QUERIES.chat, prompt, response_format: 'json_object' };
    assert.equal(typeof (await dataOf(object)).answer, 'string');
    const json_schema = {
      type: 'object',
      properties: { capital: { type: 'string' }, people: { type: 'integer' } },
      required: ['capital', 'people'],
      additionalProperties: false,
    };
    const schema = { ...MINIMAL_QUERIES.chat, response_format: 'json_schema', json_schema };
    const city = await dataOf(schema);
    assert.deepEqual(Object.keys(city), ['capital', 'people']);
    assert.deepEqual(await dataOf({ ...schema, n: 2 }), [city, city]);
  });

  test('of image_generation holds the first image as base64 text or as URL', async () => {
    const { data, ...rest } = await dataOf(MINIMAL_QUERIES.image_generation);
    assert.deepEqual(rest, { status: 'success', message: 'Image generated successfully' });
    assert.deepEqual(Object.keys(data), ['b64_json']);
    const linked = await dataOf({
      ...MINIMAL_QUERIES.image_generation,
      image_model: 'mock-api-image',
    });
    assert.deepEqual(Object.keys(linked), ['status', 'message', 'data']);
    assert.deepEqual(Object.keys(linked.data), ['url']);
    assert.equal((await fetch(linked.data.url)).status, 200);
    const two = await dataOf({ ...MINIMAL_QUERIES.image_generation, n: 2 });
    assert.equal(two.images.length, 2);
    assert.deepEqual(two.images[0], two.data);
  });

  test('of generate_embedding is one vector, and all of them for several inputs', async () => {
    const query = { ...MINIMAL_QUERIES.generate_embedding, dimensions: 4 };
    const one = await dataOf(query);
    assert.deepEqual(Object.keys(one), ['embedding']);
    assert.equal(one.embedding.length, 4);
    const two = await dataOf({ ...query, input: [query.input, 'a busy street'] });
    assert.deepEqual(two.embedding, one.embedding);
    assert.deepEqual(two.embeddings.length, 2);
    assert.notDeepEqual(two.embeddings[1], one.embedding);
    assert.equal(
      typeof (await dataOf({ ...query, encoding_format: 'base64' })).embedding,
      'string',
    );
  });

  test('of list_models is ready for a dropdown', async () => {
    const models = await dataOf({ ...MINIMAL_QUERIES.list_models, filter: 'GPT-5.1' });
    assert.deepEqual(
      models.find(({ id }) => id === 'gpt-5.1'),
      {
        id: 'gpt-5.1',
        owner: 'system',
        created: 1_780_000_000,
        shutdown_date: '2027-04-01',
        value: 'gpt-5.1',
        label: 'gpt-5.1 (until 2027-04-01)',
      },
    );
    assert.ok(models.every(({ id }) => id.includes('gpt-5.1')));
  });

  test('of every operation is the answer with its details, where the form asks for them', async () => {
    for (const operation of ['completion', 'chat', 'image_generation', 'generate_embedding']) {
      const plain = await succeed(MINIMAL_QUERIES[operation]);
      const { data, metadata } = await succeed({
        ...MINIMAL_QUERIES[operation],
        result: 'details',
      });
      assert.deepEqual(data, { answer: plain.data, ...metadata });
      assert.ok(metadata.request_id);
      const hidden = { ...MINIMAL_QUERIES[operation], result: 'details', advanced: 'off' };
      assert.deepEqual(await dataOf(hidden), plain.data);
    }
  });

  test('of a connection test is nothing but a status', async () => {
    assert.deepEqual(await connect(), { status: 'ok' });
  });
});

test('everything else is metadata', async () => {
  const { status, data, metadata, ...others } = await succeed(MINIMAL_QUERIES.chat);
  assert.deepEqual(others, {});
  const { usage, id, created, system_fingerprint, ...rest } = metadata;
  assert.match(id, /^chatcmpl-/);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  assert.deepEqual(rest, {
    endpoint: 'chat/completions',
    model: 'gpt-5.4-mini-2026-03-17',
    service_tier: 'default',
    finish_reason: 'stop',
    request_id: 'req_mock_api_000001',
    attempts: 1,
  });
});

test('a text that the token limit cut is a success that says so', async () => {
  const { data, metadata } = await succeed({ ...MINIMAL_QUERIES.completion, max_tokens: 2 });
  assert.deepEqual([data, metadata.finish_reason], [' there was', 'length']);
});

describe('a failure', () => {
  const Plugin = loadPlugin(readFileSync(PLUGIN, 'utf8'));

  test('of a query is thrown as QueryError', async () => {
    await assert.rejects(
      new Plugin().run(source(), { ...MINIMAL_QUERIES.chat, model: 'gpt-0' }),
      (error) => {
        assert.equal(error.constructor.name, 'QueryError');
        assert.equal(error.message, QUERY_FAILED);
        assert.match(error.description, /^The API returned HTTP 404 \(model_not_found\): .*gpt-0/);
        assert.equal(error.data.code, 'model_not_found');
        assert.equal(error.data.message, error.description);
        assert.deepEqual(error.metadata, {
          attempts: 1,
          request_id: 'req_mock_api_000001',
          model: 'gpt-0',
        });
        return true;
      },
    );
  });

  test('of a connection test is thrown as QueryError', async () => {
    const wrong = source({ apiKey: 'sk-wrong' });
    await assert.rejects(new Plugin().testConnection(wrong), (error) => {
      assert.equal(error.constructor.name, 'QueryError');
      assert.equal(error.message, `${CONNECTION_FAILED}: wrong API key`);
      assert.equal('message' in error.data || 'metadata' in error, false);
      assert.equal(error.data.code, 'invalid_api_key');
      return true;
    });
  });

  test('has all the data that is known', async () => {
    mockApi.respondWith(
      apiError(
        429,
        { message: 'Slow down.', type: 'requests', code: 'rate_limit_exceeded', param: 'model' },
        { 'x-request-id': 'req_1', 'retry-after': '90' },
      ),
    );
    const { description, data, metadata } = await fail(MINIMAL_QUERIES.chat);
    const { hint, message, ...known } = data;
    assert.equal(message, description);
    assert.deepEqual(metadata, { attempts: 1, request_id: 'req_1', model: 'gpt-5.4-mini' });
    assert.deepEqual(known, {
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'requests',
      param: 'model',
      request_id: 'req_1',
      retry_after_seconds: 90,
      attempts: 1,
      model: 'gpt-5.4-mini',
    });
    assert.ok(description.endsWith(hint), description);
    assert.match(
      description,
      /^The API returned HTTP 429 \(rate_limit_exceeded\): Slow down\. [A-Z]/,
    );
  });

  test('has no data that is not known', async () => {
    mockApi.respondWith({ status: 418, body: '' });
    const { description, data } = await fail(MINIMAL_QUERIES.list_models);
    assert.deepEqual(data, { message: description, status: 418, attempts: 1 });
  });

  test('is small, whatever the API answers', async () => {
    const long = 'x'.repeat(200_000);
    for (const body of [
      { error: { message: long, type: 't', code: 'c', param: 'p', details: long } },
      { error: { message: 'm', type: long, code: long, param: long } },
      { detail: Array.from({ length: 5 }, () => ({ loc: ['body', long], msg: long })) },
      long,
      `<html>${long}</html>`,
    ]) {
      const headers = { 'x-request-id': long.slice(0, 8_000) };
      mockApi.respondWith({ status: 400, headers, body });
      const result = await fail({ ...MINIMAL_QUERIES.chat, model: long });
      const size = JSON.stringify(result).length;
      assert.ok(size < 4_000, `${size} characters for ${JSON.stringify(body).slice(0, 60)}`);
      for (const value of Object.values(result.data)) {
        assert.ok(['string', 'number'].includes(typeof value));
      }
    }
  });

  test('is never a result', async () => {
    for (const fixture of ['compat_200_error_body', 'ok_200_html_captive_portal']) {
      mockApi.respondWith(serveFixture(fixture));
      await fail(MINIMAL_QUERIES.chat, { max_retries: 0 });
    }
  });

  for (const [how, ...call] of [
    ['without any options', undefined, undefined],
    ['with options that are null', null, null],
    ['with options that are no objects', 'source', [1]],
    ['without an operation', { apiKey: 'sk-1' }, {}],
    ['with an operation that is none', { apiKey: 'sk-1' }, { operation: { chat: true } }],
  ]) {
    test(`is a QueryError ${how}`, async () => {
      await assert.rejects(new Plugin().run(...call), (error) => {
        assert.equal(error.constructor.name, 'QueryError');
        assert.equal(error.message, QUERY_FAILED);
        assert.match(error.description, /^(?:API key|sourceOptions|Operation) .+\.$/);
        return true;
      });
      assert.equal(mockApi.requests.length, 0);
    });
  }
});
