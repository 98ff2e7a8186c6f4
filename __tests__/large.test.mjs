// Large options and results are passed in pieces, complete and in order, and other queries run in
// between.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import { loadPlugin } from '../harness/loaders.mjs';
import {
  fail,
  harness,
  MINIMAL_QUERIES,
  mockApi,
  PLUGIN,
  sent,
  source,
  succeed,
  takesEverything,
} from './plugin.mjs';

const list = (length, item) => Array.from({ length }, (_, at) => item(at));
const UNICODE = 'a"\\\n\u0000é日😀';
const LONG = UNICODE.repeat(300_000);

/** Counts the turns of the event loop until `promise` is settled. */
async function turnsUntil(promise) {
  let turns = 0;
  let isSettled = false;
  const count = () => {
    turns += 1;
    if (!isSettled) setImmediate(count);
  };
  setImmediate(count);
  await promise.finally(() => {
    isSettled = true;
  });
  return turns;
}

describe('large options', () => {
  beforeEach(() => mockApi.respondWith(takesEverything));

  for (const [name, options] of [
    ['a long text', { prompt: LONG }],
    [
      'many texts, short and long',
      { extra_body: { texts: list(3_000, (at) => UNICODE.repeat(at % 300)) } },
    ],
    ['many numbers', { extra_body: { numbers: list(100_000, (at) => at / 7) } }],
    [
      'many objects',
      { extra_body: { objects: list(30_000, (at) => ({ at, [`name ${at}`]: [] })) } },
    ],
    [
      'an object of many names',
      { extra_body: Object.fromEntries(list(100_000, (at) => [`é${at}`, at])) },
    ],
    ['a long name', { extra_body: { ['x'.repeat(2 ** 20)]: 1, y: 2 } }],
    [
      'all of it, deeply nested',
      {
        extra_body: list(50, (at) => at).reduce(
          (inner, at) => ({ at, inner, LONG: at % 25 ? '' : LONG }),
          [],
        ),
      },
    ],
  ]) {
    test(`sends large options unchanged:  ${name}`, async () => {
      const { body } = await sent({ ...MINIMAL_QUERIES.chat, ...options });
      const { extra_body, prompt } = options;
      if (prompt) assert.equal(body.messages[0].content, prompt);
      else assert.deepEqual(body, { ...body, ...extra_body });
    });
  }

  test('sends a long conversation completely', async () => {
    const message_history = list(20_000, (at) => ({
      role: at % 2 ? 'assistant' : 'user',
      content: `message ${at}`,
    }));
    const { body } = await sent({ ...MINIMAL_QUERIES.chat, message_history });
    assert.deepEqual(body.messages.slice(0, -1), message_history);
  });

  test('sends text unchanged when a part ends within an emoji', async () => {
    const prompt = `${'x'.repeat(2 ** 20 - 1)}😀${'x'.repeat(2 ** 20 - 2)}\ud83d`;
    const { body } = await sent({ ...MINIMAL_QUERIES.chat, prompt });
    assert.equal(body.messages[0].content, `${prompt.slice(0, -1)}\ufffd`);
  });

  test('reads large options of a connection test', async () => {
    mockApi.respondWith({ body: { data: [] } });
    const result = await harness.testConnection(source({ unknown: LONG }));
    assert.deepEqual(result, { status: 'ok' });
  });

  test('lets other queries run between the parts of several large ones', async () => {
    const done = [];
    const query = { ...MINIMAL_QUERIES.chat, unknown: list(200_000, (at) => at) };
    const large = list(5, (at) => succeed(query).then(() => done.push(at)));
    // Later, but before any of those is finished.
    const small = succeed(MINIMAL_QUERIES.chat).then(() => done.push('small'));
    await Promise.all([...large, small]);
    assert.equal(done[0], 'small');
  });

  test('reads large options in short turns', async () => {
    const numbers = list(300_000, (at) => at);
    const turns = await turnsUntil(succeed({ ...MINIMAL_QUERIES.chat, unknown: numbers }));
    // Once to be measured, and once to be passed.
    assert.ok(turns > (2 * numbers.length) / 8_192, `${turns} turns`);
  });

  test('counts the time that large options take toward the timeout', async () => {
    const query = { ...MINIMAL_QUERIES.chat, query_timeout: 1, unknown: list(300_000, (at) => at) };
    const plugin = new (loadPlugin(readFileSync(PLUGIN, 'utf8')))();
    await assert.rejects(plugin.run(source(), query), ({ data }) => data.code === 'timeout');
    assert.equal(mockApi.requests.length, 0);
  });
});

describe('a large result', () => {
  const answer = (content) => ({
    body: {
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    },
  });
  const json = { ...MINIMAL_QUERIES.chat, response_format: 'json_object', prompt: 'As JSON' };
  const deep = list(90, (at) => at).reduce(
    (inner, at) => (at % 2 ? [at, inner, at] : { at, inner }),
    list(60_000, (at) => at),
  );

  for (const [name, data] of [
    ['numbers', list(200_000, (at) => at / 7)],
    ['objects', list(40_000, (at) => ({ at, text: UNICODE }))],
    ['names', Object.fromEntries(list(60_000, (at) => [`é${at}`, at]))],
    ['names that are numbers', Object.fromEntries(list(60_000, (at) => [at * 3, at]))],
    ['texts', list(5_000, (at) => UNICODE.repeat(at % 100))],
    ['long texts', { a: LONG, b: [LONG, '', { c: LONG.slice(0, 70_000) }] }],
    ['depth', [deep, [], deep, {}]],
    ['nothing but containers', list(60_000, (at) => (at % 2 ? [] : {}))],
  ]) {
    test(`returns a large result whole: ${name}`, async () => {
      mockApi.respondWith(answer(JSON.stringify(data)));
      const result = await succeed(json);
      assert.deepEqual(result.data, data);
      assert.equal(result.metadata.finish_reason, 'stop');
    });
  }

  test('returns members with the names of built-in properties', async () => {
    const filler = list(50_000, (at) => `"n${at}":${at}`).join(',');
    const text = `{"__proto__":{"a":1},${filler},"constructor":[${filler.replaceAll(':', ',')}],"z":{"__proto__":2}}`;
    mockApi.respondWith(answer(text));
    const plugin = new (loadPlugin(readFileSync(PLUGIN, 'utf8')))();
    const { data } = await plugin.run(source(), json);
    assert.equal(JSON.stringify(data), text);
    assert.ok(Object.hasOwn(data, '__proto__') && Object.hasOwn(data.z, '__proto__'));
    assert.equal(data.toString, Object.prototype.toString);
  });

  test('returns a large text whole', async () => {
    mockApi.respondWith(answer(LONG));
    assert.equal((await succeed(MINIMAL_QUERIES.chat)).data, LONG);
    const { data } = await succeed({ ...MINIMAL_QUERIES.chat, result: 'details' });
    assert.equal(data.answer, LONG);
  });

  test('returns large metadata whole', async () => {
    const logprobs = {
      content: list(20_000, (at) => ({ token: `${at}`, logprob: -1 / (at + 1) })),
    };
    const { body } = answer('hi');
    mockApi.respondWith({ body: { choices: [{ ...body.choices[0], logprobs }] } });
    const { data, metadata } = await succeed(MINIMAL_QUERIES.chat);
    assert.equal(data, 'hi');
    assert.deepEqual(metadata.logprobs, logprobs);
  });

  test('returns every number of a large result exactly', async () => {
    // xorshift32: the same numbers in every run.
    let state = 0x9e3779b9;
    const bits = Uint32Array.from({ length: 2_000_000 }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state;
    });
    for (const numbers of [
      new Float64Array(bits.buffer),
      new Float32Array(bits.buffer, 0, 1_000_000),
    ]) {
      const finite = Array.from(numbers, (number) => (Number.isFinite(number) ? number : 0));
      mockApi.respondWith({ body: { data: [{ index: 0, embedding: finite }] } });
      const { data } = await succeed(MINIMAL_QUERIES.generate_embedding);
      assert.equal(data.embedding.length, 1_000_000);
      assert.ok(data.embedding.every((number, at) => number === finite[at]));
    }
  });

  test('returns a large result in short turns', async () => {
    const numbers = list(500_000, (at) => at);
    mockApi.respondWith({ body: { data: [{ index: 0, embedding: numbers }] } });
    const turns = await turnsUntil(succeed(MINIMAL_QUERIES.generate_embedding));
    assert.ok(turns > numbers.length / 32_768, `${turns} turns`);
  });
});

test('names the option when large options are wrong', async () => {
  const { data } = await fail({ ...MINIMAL_QUERIES.chat, prompt: LONG, temperature: Number.NaN });
  assert.deepEqual([data.code, data.param], ['invalid_option', 'temperature']);
});
