// What an app gets: `data` in the shape that its components expect, and failures thrown as
// QueryError with small structured data.

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

const runForData = async (query) => (await succeed(query)).data;

describe('the data', () => {
  test('returns a string or an array of strings as data of completion', async () => {
    const one = await runForData(MINIMAL_QUERIES.completion);
    assert.match(one, /^ there was a lighthouse/);
    assert.equal(await runForData({ ...MINIMAL_QUERIES.completion, n: '1' }), one);
    const three = await runForData({ ...MINIMAL_QUERIES.completion, n: '3' });
    assert.equal(three.length, 3);
    assert.equal(three[0], one);
    assert.deepEqual([...new Set(three.map((text) => typeof text))], ['string']);
  });

  test('returns a string or an array of strings as data of chat', async () => {
    const one = 'The capital of France is Paris.';
    assert.equal(await runForData(MINIMAL_QUERIES.chat), one);
    const [first, ...others] = await runForData({ ...MINIMAL_QUERIES.chat, n: 2 });
    assert.deepEqual([first, others.length, typeof others[0]], [one, 1, 'string']);
  });

  test('returns a parsed value or an array of them as data of chat with a JSON format', async () => {
    const prompt = 'Answer as JSON: the capital of France?';
    const object = { ...MINIMAL_QUERIES.chat, prompt, response_format: 'json_object' };
    assert.equal(typeof (await runForData(object)).answer, 'string');
    const json_schema = {
      type: 'object',
      properties: { capital: { type: 'string' }, people: { type: 'integer' } },
      required: ['capital', 'people'],
      additionalProperties: false,
    };
    const schema = { ...MINIMAL_QUERIES.chat, response_format: 'json_schema', json_schema };
    const city = await runForData(schema);
    assert.deepEqual(Object.keys(city), ['capital', 'people']);
    assert.deepEqual(await runForData({ ...schema, n: 2 }), [city, city]);
  });

  test('returns the first image as base64 or URL as data of image_generation', async () => {
    const { data, images, ...rest } = await runForData(MINIMAL_QUERIES.image_generation);
    assert.deepEqual(rest, { status: 'success', message: 'Image generated successfully' });
    assert.deepEqual(Object.keys(data), ['b64_json']);
    assert.deepEqual(images, [`data:image/png;base64,${data.b64_json}`]);
    const linked = await runForData({
      ...MINIMAL_QUERIES.image_generation,
      image_model: 'mock-api-image',
    });
    assert.deepEqual(Object.keys(linked), ['status', 'message', 'data', 'images']);
    assert.deepEqual(linked.images, [linked.data.url]);
    assert.deepEqual(Object.keys(linked.data), ['url']);
    assert.equal((await fetch(linked.data.url)).status, 200);
    const two = await runForData({ ...MINIMAL_QUERIES.image_generation, n: 2 });
    assert.equal(two.images.length, 2);
    assert.equal(two.images[0], `data:image/png;base64,${two.data.b64_json}`);
  });

  test('returns one vector, or all for several inputs, as data of generate_embedding', async () => {
    const query = { ...MINIMAL_QUERIES.generate_embedding, dimensions: 4 };
    const one = await runForData(query);
    assert.deepEqual(Object.keys(one), ['embedding']);
    assert.equal(one.embedding.length, 4);
    const two = await runForData({ ...query, input: [query.input, 'a busy street'] });
    assert.deepEqual(two.embedding, one.embedding);
    assert.deepEqual(two.embeddings.length, 2);
    assert.notDeepEqual(two.embeddings[1], one.embedding);
    assert.equal(
      typeof (await runForData({ ...query, encoding_format: 'base64' })).embedding,
      'string',
    );
  });

  test('returns the vectors of a list that needs several requests in the order of its strings', async () => {
    const query = { ...MINIMAL_QUERIES.generate_embedding, dimensions: 4 };
    const input = Array.from({ length: 2_300 }, (_, at) => `text ${at}`);
    mockApi.reset();
    const { embeddings } = await runForData({ ...query, input });
    assert.deepEqual(
      mockApi.requests.map(({ body }) => body.input.length),
      [128, 2_048, 124],
    );
    assert.equal(embeddings.length, input.length);
    for (const at of [0, 127, 128, 2_175, 2_176, 2_299]) {
      const alone = await runForData({ ...query, input: input[at] });
      assert.deepEqual(embeddings[at], alone.embedding, input[at]);
    }
  });

  test('returns options for a dropdown as data of list_models', async () => {
    const models = await runForData({
      ...MINIMAL_QUERIES.list_models,
      filter: 'GPT-5.1',
      include_ended: 'true',
    });
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

  test('returns the models of a purpose as data of list_models', async () => {
    const models = await runForData({ ...MINIMAL_QUERIES.list_models, purpose: 'embedding' });
    const ids = models.map(({ id }) => id);
    assert.ok(ids.includes('text-embedding-3-small'), ids.join());
    assert.ok(!ids.some((id) => /^gpt-|^o\d/.test(id)), ids.join());
    assert.ok(ids.includes('mock-api-image'), 'nothing is known about its name');
  });

  test('returns the whole response as data of every operation when the form asks for details', async () => {
    for (const operation of ['completion', 'chat', 'image_generation', 'generate_embedding']) {
      const plain = await succeed(MINIMAL_QUERIES[operation]);
      const { data, metadata } = await succeed({
        ...MINIMAL_QUERIES[operation],
        result: 'details',
      });
      assert.deepEqual(data, { answer: plain.data, ...metadata });
      assert.ok(metadata.request_id);
      const hidden = { ...MINIMAL_QUERIES[operation], result: 'details', advanced: 'off' };
      assert.deepEqual(await runForData(hidden), plain.data);
    }
  });

  test('returns only a status for a connection test', async () => {
    assert.deepEqual(await connect(), { status: 'ok' });
  });
});

test('returns everything else as metadata', async () => {
  const { status, data, metadata, ...others } = await succeed(MINIMAL_QUERIES.chat);
  assert.deepEqual(others, {});
  const { usage, id, created, system_fingerprint, duration_ms, ...rest } = metadata;
  assert.ok(Number.isInteger(duration_ms) && duration_ms >= 0, duration_ms);
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

describe('a response of another shape', () => {
  const respond = (body) => mockApi.respondWith({ status: 200, body: JSON.stringify(body) });
  const answer = (message, others = {}) =>
    respond({ choices: [{ index: 0, message, finish_reason: 'stop' }], ...others });

  test('returns the members next to the text as metadata', async () => {
    const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }];
    const citations = ['https://a.example'];
    answer({ content: '4', reasoning_content: '2 and 2', images }, { citations, error: {} });
    const { data, metadata } = await succeed(MINIMAL_QUERIES.chat);
    assert.equal(data, '4');
    assert.equal(metadata.reasoning, '2 and 2');
    assert.deepEqual([metadata.images, metadata.citations], [images, citations]);
  });

  test('returns the JSON after thinking, words and a fence', async () => {
    answer({ content: '<think>{"a":0}?</think>Here it is:\n```json\n{"a": 1,}\n```\nDone!' });
    const query = { ...MINIMAL_QUERIES.chat, prompt: 'JSON', response_format: 'json_object' };
    assert.deepEqual(await runForData(query), { a: 1 });
  });

  test('returns as many answers as Extra body requests', async () => {
    const choice = (index) => ({ index, message: { content: `${index}` }, finish_reason: 'stop' });
    respond({ choices: [choice(0), choice(1)] });
    const query = { ...MINIMAL_QUERIES.chat, extra_body: { n: 2 } };
    assert.deepEqual(await runForData(query), ['0', '1']);
  });

  test('lists the models of a bare array', async () => {
    respond([{ id: 'a/b', object: 'model', created: 1 }]);
    assert.deepEqual(await connect(), { status: 'ok' });
    const [{ value, created }] = await runForData(MINIMAL_QUERIES.list_models);
    assert.deepEqual([value, created], ['a/b', 1]);
  });

  test('fails when there is not one vector for each text', async () => {
    respond({ data: [{ index: 0, embedding: [1] }] });
    const { data } = await fail({ ...MINIMAL_QUERIES.generate_embedding, input: ['a', 'b'] });
    assert.equal(data.code, 'invalid_embedding');
  });
});

test('succeeds, and says so in metadata, when the token limit truncates the answer', async () => {
  const { data, metadata } = await succeed({ ...MINIMAL_QUERIES.completion, max_tokens: 2 });
  assert.deepEqual([data, metadata.finish_reason], [' there was', 'length']);
});

describe('a failure', () => {
  const Plugin = loadPlugin(readFileSync(PLUGIN, 'utf8'));

  test('throws a QueryError when a query fails', async () => {
    await assert.rejects(
      new Plugin().run(source(), { ...MINIMAL_QUERIES.chat, model: 'gpt-0' }),
      (error) => {
        assert.equal(error.constructor.name, 'QueryError');
        assert.equal(error.message, QUERY_FAILED);
        assert.match(error.description, /^The API returned HTTP 404 \(model_not_found\): .*gpt-0/);
        assert.equal(error.data.code, 'model_not_found');
        assert.equal(error.data.message, error.description);
        const { duration_ms, ...metadata } = error.metadata;
        assert.ok(Number.isInteger(duration_ms), duration_ms);
        assert.deepEqual(metadata, {
          attempts: 1,
          request_id: 'req_mock_api_000001',
          model: 'gpt-0',
        });
        return true;
      },
    );
  });

  test('throws a QueryError when a connection test fails', async () => {
    const wrong = source({ apiKey: 'sk-wrong' });
    await assert.rejects(new Plugin().testConnection(wrong), (error) => {
      assert.equal(error.constructor.name, 'QueryError');
      assert.equal(error.message, `${CONNECTION_FAILED}: wrong API key`);
      assert.equal('message' in error.data || 'metadata' in error, false);
      assert.equal(error.data.code, 'invalid_api_key');
      return true;
    });
  });

  test('reports all known data of a failure', async () => {
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
    const { duration_ms, ...asked } = metadata;
    assert.ok(Number.isInteger(duration_ms), duration_ms);
    assert.deepEqual(asked, { attempts: 1, request_id: 'req_1', model: 'gpt-5.4-mini' });
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

  test('omits unknown data of a failure', async () => {
    mockApi.respondWith({ status: 418, body: '' });
    const { description, data } = await fail(MINIMAL_QUERIES.list_models);
    assert.deepEqual(data, { message: description, status: 418, attempts: 1 });
  });

  test('keeps a failure small whatever the API responds', async () => {
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

  test('never returns a failure as a result', async () => {
    for (const fixture of ['compat_200_error_body', 'ok_200_html_captive_portal']) {
      mockApi.respondWith(serveFixture(fixture));
      await fail(MINIMAL_QUERIES.chat, { max_retries: 0 });
    }
  });

  for (const [how, ...call] of [
    ['without any options', undefined, undefined],
    ['with options that are null', null, null],
    ['with options that are not objects', 'source', [1]],
    ['without an operation', { apiKey: 'sk-1' }, {}],
    ['with an operation that is not a string', { apiKey: 'sk-1' }, { operation: { chat: true } }],
  ]) {
    test(`throws a QueryError ${how}`, async () => {
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
