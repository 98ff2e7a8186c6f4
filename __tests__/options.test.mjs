// Option values other than form text: any JavaScript value, in any number.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import vm from 'node:vm';
import {
  connect,
  fail,
  MINIMAL_QUERIES,
  mockApi,
  refuse,
  sent,
  succeed,
  takesEverything,
} from './plugin.mjs';

beforeEach(() => mockApi.respondWith(takesEverything));

/** The request's member that `extra_body` becomes. */
const extra = async (value) =>
  (await sent({ ...MINIMAL_QUERIES.chat, extra_body: { value } })).body.value;

const throwing = (name = 'value') =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get() {
      throw new Error('no');
    },
  });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
class Instance {
  a = 1;
  #b = 2;
  b() {
    return this.#b;
  }
}
class Itself extends Instance {
  toJSON() {
    return this;
  }
}
const nested = (depth) => {
  let value = [];
  for (let left = depth - 1; left > 0; left -= 1) value = left % 2 ? [value] : { value };
  return value;
};
const cyclic = () => {
  const value = { more: [] };
  value.more.push(value);
  return value;
};

describe('a value that JSON can express', () => {
  const date = new Date(Date.UTC(2026, 10, 25));
  const ownNames = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "": 3, "\\u0000": 4}');
  for (const [name, value, expected] of [
    ['a Date', date, date.toISOString()],
    ['a URL', new URL('https://example.com/a'), 'https://example.com/a'],
    ['a boxed string', Object('a'), 'a'],
    ['a boxed number', Object(1), 1],
    ['a boxed boolean', Object(false), false],
    ['a boxed BigInt', Object(7n), 7],
    ['a BigInt', -(2n ** 53n) + 1n, -(2 ** 53) + 1],
    ['an object with toJSON', { toJSON: () => ({ a: [1], toJSON: 'b' }) }, { a: [1], toJSON: 'b' }],
    ['an object whose toJSON returns itself', new Itself(), { a: 1 }],
    ['an instance of a class', new Instance(), { a: 1 }],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['an object with inherited members', Object.create({ a: 1 }), {}],
    ['an object with a symbol for a name', { [Symbol('a')]: 1 }, {}],
    ['a list with holes', [undefined, ...Array(1), 1], [null, null, 1]],
    ['a member that is undefined', { a: undefined, b: 1 }, { b: 1 }],
    ['a list with names', Object.assign([1], { a: 2 }), [1]],
    ['a negative zero', [-0, '-0'], [0, '-0']],
    ['numbers', [1e21, 5e-324, 0.1, 2 ** 53, -1.5e300], [1e21, 5e-324, 0.1, 2 ** 53, -1.5e300]],
    ['names of built-in properties', ownNames, ownNames],
    ['half an emoji', ['\ud83d', '\ude00\ud83d', '😀'], ['\ufffd', '\ufffd\ufffd', '😀']],
    ['control characters', ['\u0000\u2028"\\'], ['\u0000\u2028"\\']],
    [
      'long texts',
      ['é'.repeat(2_000), { a: 'b'.repeat(2_000) }],
      ['é'.repeat(2_000), { a: 'b'.repeat(2_000) }],
    ],
    ['the deepest value', nested(99), nested(99)],
  ]) {
    test(`sends an option as JSON.stringify writes it: ${name}`, async () => {
      assert.deepEqual(await extra(value), expected);
    });
  }

  test('sends an option of another realm', async () => {
    const value = vm.runInNewContext('({ date: new Date(0), list: [1, Object("a")], none: null })');
    assert.deepEqual(await extra(value), {
      date: new Date(0).toISOString(),
      list: [1, 'a'],
      none: null,
    });
  });

  test('sends a Date in a row of a history or an object of a prompt', async () => {
    const { body } = await sent({
      ...MINIMAL_QUERIES.chat,
      prompt: date,
      message_history: [{ role: 'User', content: date, at: new Date(0) }],
    });
    assert.deepEqual(body.messages, [
      { role: 'user', content: date.toISOString(), at: '1970-01-01T00:00:00.000Z' },
      { role: 'user', content: date.toISOString() },
    ]);
  });

  test('treats a field as not set when it is undefined or blank', async () => {
    const query = { ...MINIMAL_QUERIES.chat, temperature: undefined, top_p: Object(' ') };
    const { body } = await sent(query);
    assert.deepEqual([body.temperature, body.top_p], [undefined, undefined]);
  });
});

const UNUSABLE = [
  ['NaN', Number.NaN, 'NaN'],
  ['an infinite number', Number.NEGATIVE_INFINITY, '-Infinity'],
  ['a boxed NaN', Object(Number.NaN), 'NaN'],
  ['a BigInt too large for a number', 2n ** 53n, 'a BigInt beyond 2^53'],
  ['a function', () => {}, 'a function'],
  ['a symbol', Symbol('a'), 'a symbol'],
  ['a Buffer', Buffer.from('a'), 'binary data; pass it as base64 text'],
  ['a typed array', new Float64Array(2), 'binary data; pass it as base64 text'],
  ['an ArrayBuffer', new ArrayBuffer(2), 'binary data; pass it as base64 text'],
  ['a DataView', new DataView(new ArrayBuffer(2)), 'binary data; pass it as base64 text'],
  ['a Blob', new Blob(['a']), 'binary data; pass it as base64 text'],
  ['a Map', new Map([['a', 1]]), 'a Map'],
  ['a Map of another realm', vm.runInNewContext('new Map()'), 'a Map'],
  ['a Set', new Set(), 'a Set'],
  ['a RegExp', /a/, 'a RegExp'],
  ['a Promise', Promise.resolve(), 'a Promise'],
  ['an Error', new TypeError('a'), 'an Error'],
  ['an invalid Date', new Date(Number.NaN), 'an invalid date'],
  ['a Map that toJSON returns', { toJSON: () => new Map() }, 'a Map'],
  ['a toJSON that throws', { toJSON: () => assert.fail('no') }, 'a value that cannot be read'],
  ['a proxy that was revoked', revoked(), 'a value that cannot be read'],
];

describe('a value that JSON cannot express', () => {
  test('names the field when a number does not fit JSON', async () => {
    const query = { ...MINIMAL_QUERIES.chat, max_tokens: Number.NaN };
    const { data, description } = await fail(query);
    assert.deepEqual([data.code, data.param], ['invalid_option', 'max_tokens']);
    assert.equal(description, 'Max tokens must be a whole number of at least 1, got NaN.');
  });

  for (const [name, value, words] of UNUSABLE) {
    test(`names the place of a value that JSON cannot express when the query uses it: ${name}`, async () => {
      for (const [field, given, place] of [
        ['extra_body', { tools: [0, { value }] }, 'Extra body.tools[1].value'],
        ['message_history', [value], 'Message history[0]'],
        ['prompt', [{ type: 'text', text: value }], 'Prompt[0].text'],
        ['images', [value], 'Images and files[0]'],
        ['temperature', value, 'Temperature'],
        ['system_prompt', value, 'System prompt'],
        ['response_format', value, 'Response format'],
        ['stop_sequence', value, 'Stop sequence'],
        ['n', value, 'Number of results'],
      ]) {
        const description = await refuse({ ...MINIMAL_QUERIES.chat, [field]: given });
        assert.ok(description.startsWith(`${place} must be `), description);
        assert.ok(description.endsWith(`, got ${words}.`), description);
      }
      const embedding = { ...MINIMAL_QUERIES.generate_embedding, input: ['a', value] };
      assert.equal(await refuse(embedding), `Input[1] must be text, got ${words}.`);
    });
  }

  test('ignores a value that JSON cannot express when no field is read from it', async () => {
    const values = UNUSABLE.map(([, value]) => value);
    const [hidden] = values;
    const query = {
      ...MINIMAL_QUERIES.chat,
      advanced: 'off',
      extra_body: hidden,
      filter: values,
      unknown: { values },
    };
    const { body } = await sent(query, { unknown: values });
    assert.deepEqual(Object.keys(body), ['model', 'messages', 'stream']);
  });

  test('ignores a value that JSON cannot express among the other members of a picked file', async () => {
    const file = {
      name: 'a.png',
      base64Data: 'iVBORw0KGgo=',
      content: Buffer.from('a'),
      parsed: new Map(),
    };
    const { body } = await sent({ ...MINIMAL_QUERIES.chat, images: [file] });
    assert.match(JSON.stringify(body.messages), /data:image\/png;base64,iVBORw0KGgo=/);
    const description = await refuse({
      ...MINIMAL_QUERIES.chat,
      images: [{ ...file, base64Data: Buffer.from('a') }],
    });
    assert.equal(
      description,
      'Images and files[0] (a.png) must have text in base64Data, got binary data; pass it as base64 text.',
    );
  });

  test('names the options when a value that JSON cannot express is in their place', async () => {
    assert.equal(await refuse(new Map()), 'queryOptions must be an object, got a Map.');
    assert.equal(await refuse(() => {}), 'queryOptions must be an object, got a function.');
  });

  test('does not send the object that stands for a value', async () => {
    const lookalike = { '\u0000unusable': 'x'.repeat(100_000) };
    const description = await refuse({ ...MINIMAL_QUERIES.chat, extra_body: { a: lookalike } });
    assert.match(description, /^Extra body\.a must be a JSON value, got x+…$/);
    assert.ok(description.length < 200);
  });
});

test('names the place of a member that throws when it is read', async () => {
  const extra_body = { a: throwing('b') };
  assert.equal(
    await refuse({ ...MINIMAL_QUERIES.chat, extra_body }),
    'Extra body.a.b must be a JSON value, got a value that cannot be read.',
  );
  const query = Object.assign(throwing('temperature'), MINIMAL_QUERIES.chat);
  assert.match(
    await refuse(query),
    /^Temperature must be a number .*, got a value that cannot be read\.$/,
  );
  await succeed(Object.assign(throwing('filter'), MINIMAL_QUERIES.chat));
});

describe('options that exceed a limit', () => {
  const values = (length) => Array.from({ length }, () => 0);
  const shared = values(1_000);
  const manyNames = Object.fromEntries(values(1_100_000).map((value, at) => [at, value]));
  const MANY = /^.* must be smaller: all options together may have at most 1048576 values\.$/;
  const DEEP = /^.* must be nested at most 100 deep\.$/;
  const LONG = /^.* must be shorter: all options together may have at most 64 MiB\.$/;
  for (const [name, value, words] of [
    ['a long array without elements', new Array(400_000_000), MANY],
    ['such an array inside others', [{ a: [new Array(2 ** 32 - 1)] }], MANY],
    ['an array of many values', values(1_050_000), MANY],
    ['an object of many names', manyNames, MANY],
    ['many small arrays', Array.from({ length: 270_000 }, () => []), MANY],
    ['an array that occurs many times', Array.from({ length: 1_100 }, () => shared), MANY],
    ['a value that contains itself', cyclic(), DEEP],
    ['a value nested too deep', nested(101), DEEP],
    ['a long text', 'x'.repeat(2 ** 26 + 1), LONG],
    ['a text that is long in bytes', 'é'.repeat(2 ** 25), LONG],
    ['many texts', Array.from({ length: 70 }, () => 'x'.repeat(2 ** 20)), LONG],
    ['many short texts', Array.from({ length: 70_000 }, () => 'x'.repeat(1_000)), LONG],
  ]) {
    test(`names the option that exceeds a limit, used or not: ${name}`, async () => {
      for (const [key, label] of [
        ['extra_body', 'Extra body'],
        ['unknown', 'unknown'],
      ]) {
        const { description, data } = await fail({ ...MINIMAL_QUERIES.chat, [key]: value });
        assert.match(description, words);
        assert.ok(description.startsWith(label), description);
        assert.deepEqual([data.code, data.param], ['invalid_option', key]);
      }
      assert.equal(mockApi.requests.length, 0);
    });
  }

  test('names the option that exceeds a limit in a connection test', async () => {
    const { message } = await connect({ headers: new Array(400_000_000) });
    assert.match(message, /^Connection could not be established: Headers must be smaller/);
  });

  test('counts the options of data source and query together', async () => {
    const half = values(600_000);
    const { data } = await fail({ ...MINIMAL_QUERIES.chat, unknown: half, extra_body: half });
    assert.deepEqual([data.code, data.param], ['invalid_option', 'extra_body']);
    const inSource = await fail({ ...MINIMAL_QUERIES.chat, extra_body: half }, { unknown: half });
    assert.deepEqual([inSource.data.code, inSource.data.param], ['invalid_option', 'extra_body']);
  });

  test('truncates the name of an option that exceeds a limit', async () => {
    const { description } = await fail({
      ...MINIMAL_QUERIES.chat,
      ['x'.repeat(2 ** 20)]: new Array(2 ** 30),
    });
    assert.ok(description.length < 300, description.slice(0, 300));
  });

  test('accepts options exactly at every limit', async () => {
    const values = { list: Array.from({ length: 1_000_000 }, (_, at) => at % 10) };
    const { body } = await sent({ ...MINIMAL_QUERIES.chat, extra_body: { values } });
    assert.deepEqual(body.values, values);
  });
});

describe('JSON text in a field', () => {
  const objects = (count) => `[${'{"a":0},'.repeat(count)}0]`;
  for (const [operation, field, label, text] of [
    ['chat', 'extra_body', 'Extra body', objects(1_000_000)],
    ['chat', 'message_history', 'Message history', objects(1_000_000)],
    ['chat', 'stop_sequence', 'Stop sequence', objects(1_000_000)],
    ['chat', 'images', 'Images and files', objects(1_000_000)],
    ['chat', 'metadata', 'Metadata', objects(1_000_000)],
    ['generate_embedding', 'input', 'Input', `["a"${',"a"'.repeat(1_100_000)}]`],
  ]) {
    test(`limits the values in the JSON text of a field: ${label}`, async () => {
      const { description, data } = await fail({ ...MINIMAL_QUERIES[operation], [field]: text });
      assert.equal(description, `${label} must have at most 1048576 values.`);
      assert.deepEqual([data.code, data.param], ['invalid_option', field]);
    });
  }

  test('counts the values in the JSON text of all fields together', async () => {
    const text = `{"a":${objects(130_000)}}`;
    const { body } = await sent({ ...MINIMAL_QUERIES.chat, extra_body: text });
    assert.equal(body.a.length, 130_001);
    const { description } = await fail({
      ...MINIMAL_QUERIES.chat,
      extra_body: text,
      metadata: '{"a":"b"}',
    });
    assert.equal(description, 'Extra body must have at most 524288 values.');
  });

  test('does not count the values in the JSON text of a prompt', async () => {
    const prompt = `{"message":"Hi","type":"message","messageId":"1","rows":${objects(300_000)}}`;
    const { body } = await sent({ ...MINIMAL_QUERIES.chat, prompt });
    assert.equal(body.messages[0].content, prompt);
  });

  test('reads a number that is out of range in JSON text as null', async () => {
    const { body } = await sent({
      ...MINIMAL_QUERIES.chat,
      extra_body: '{"a":[1e999,-1e999,"1e999"]}',
    });
    assert.deepEqual(body.a, [null, null, '1e999']);
  });
});
