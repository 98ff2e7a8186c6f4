// Random queries: a request fits OpenAI's document, or an error names the invalid field. Then
// random damage to the packed addon and its file. The same in every run, except under `npm run
// fuzz`, which sets FUZZ_SEED.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { createRandom } from '../scripts/stress/random.mjs';
import { listFields } from './forms.mjs';
import { KEY, mockApi, OPERATIONS, REQUESTS, run, takesEverything } from './plugin.mjs';
import { violationsIn } from './violations.mjs';

const CASES = 300;
const random = createRandom(Number(process.env.FUZZ_SEED ?? 8));

/** The fields of an operation by key, those under Advanced included. */
const FIELDS = Object.fromEntries(
  OPERATIONS.map((name) => [
    name,
    Object.fromEntries(listFields(name).map((field) => [field.key, field])),
  ]),
);

const words = [
  'a',
  'JSON',
  'é✓',
  'two words',
  'line\nbreak',
  '"quoted"',
  '{{',
  '\u0000',
  '👩‍👩‍👧',
  '0',
];
const text = () => Array.from({ length: 1 + random.whole(5) }, () => random.pick(words)).join(' ');
const between = (low, high) => low + random.whole(high - low + 1);
const decimal = (low, high) => low + random.fraction() * (high - low);
const list = (most, item) => Array.from({ length: 1 + random.whole(most) }, item);
const pixel = 'data:image/png;base64,iVBORw0KGgo=';
const schema = () => ({
  type: 'object',
  properties: { city: { type: random.pick(['string', 'number']) } },
  ...(random.chance(0.5) && { required: ['city'], additionalProperties: false }),
});

/** Values that an app builder could mean, by field; a dropdown offers its own. */
const MEANT = {
  model: () => random.pick(['brand-new', 'gpt-4o', 'o3', 'gpt-5', 'qwen3:8b']),
  image_model: () => random.pick(['brand-new', 'gpt-image-2']),
  model_embedding: () => random.pick(['brand-new', 'text-embedding-3-small']),
  prompt: text,
  system_prompt: text,
  suffix: text,
  filter: text,
  input: () => (random.chance(0.5) ? text() : list(4, text)),
  max_tokens: () => between(1, 4096),
  dimensions: () => between(1, 3072),
  temperature: () => decimal(0, 2),
  top_p: () => decimal(0, 1),
  frequency_penalty: () => decimal(-2, 2),
  presence_penalty: () => decimal(-2, 2),
  seed: () => between(-(2 ** 40), 2 ** 40),
  n: () => between(1, 10),
  best_of: () => between(1, 20),
  logprobs: () => between(0, 5),
  stop_sequence: () => (random.chance(0.5) ? text() : list(4, text)),
  message_history: () =>
    list(3, () => ({ role: random.pick(['user', 'assistant', 'system']), content: text() })),
  images: () => (random.chance(0.5) ? pixel : list(2, () => 'https://example.com/a.png')),
  json_schema: () => (random.chance(0.5) ? schema() : { name: 'n', schema: schema() }),
  search_domains: () => (random.chance(0.5) ? 'a.example, b.example' : ['https://a.example/']),
  search_country: () => random.pick(['DE', 'fr']),
  tools: () =>
    random.chance(0.5)
      ? { f: { a: 'string', b: ['c', 'd'] } }
      : [{ name: 'f', parameters: schema() }],
  tool_choice: () => random.pick(['auto', 'none', 'f']),
  prompt_cache_key: () => 'cache',
  safety_identifier: () => 'a1b2',
  metadata: () => ({ ticket: random.pick([42, 'a', true]) }),
  size: () => random.pick(['auto', '1024x1024', '1536x1024']),
  extra_body: () => ({ user: 'someone' }),
  image_extra_body: () => ({ user: 'someone' }),
  embedding_extra_body: () => ({ user: 'someone' }),
  image_count: () => between(1, 10),
};
/** Sent as typed, like the dropdowns, whose lists grow. */
const LEFT_TO_THE_API = ['size', 'extra_body', 'image_extra_body', 'embedding_extra_body'];
const NONSENSE = [-1, 0, 1.5, 1e300, true, 'x', '[', '{"a": 1}', [], {}, [null], [[1]], { a: {} }];
const asTyped = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

function randomQuery() {
  const operation = random.pick(OPERATIONS);
  const query = { operation };
  for (const [key, field] of Object.entries(FIELDS[operation])) {
    if (random.chance(0.65) && !['prompt', 'input'].includes(key)) continue;
    const offered = field.list?.map(({ value }) => value);
    const value = offered ? random.pick(offered) : (MEANT[key]?.() ?? field.sample);
    query[key] = random.chance(0.3) ? asTyped(value) : value;
    const checked = !offered && !LEFT_TO_THE_API.includes(key);
    if (checked && random.chance(0.06)) query[key] = random.pick(NONSENSE);
    if (random.chance(0.04)) query[key] = random.pick(['', ' ', null, undefined]);
  }
  return query;
}

test(`sends ${CASES} random queries as in OpenAI's document, or names the invalid field`, async () => {
  mockApi.respondWith(takesEverything);
  const counts = { sent: 0, refused: 0 };
  for (let number = 0; number < CASES; number += 1) {
    const query = randomQuery();
    const told = `case ${number}: ${JSON.stringify(query)}`;
    const before = mockApi.requests.length;
    const result = await run(query);
    if (result.status === 'failed' && result.data.code === 'invalid_option') {
      const field = /^\w+/.exec(result.data.param)[0];
      assert.ok(field in FIELDS[query.operation], `${told}: ${result.description}`);
      assert.equal(mockApi.requests.length, before, `${told}: something was sent`);
      counts.refused += 1;
      continue;
    }
    const sent = mockApi.requests.slice(before);
    assert.equal(sent.length, REQUESTS[query.operation] ?? 1, `${told}: ${result.description}`);
    for (const { text } of sent) assert.ok(!text?.includes(KEY), told);
    const written = sent.filter(({ method }) => method === 'POST');
    assert.deepEqual(await violationsIn(written), [], told);
    counts.sent += 1;
  }
  // Otherwise the cases would test something else.
  assert.ok(counts.sent > CASES / 2 && counts.refused > CASES / 20, JSON.stringify(counts));
});

describe('the reader of the packed addon', () => {
  const load = createRequire(import.meta.url)('../src/entry/load.js');
  const addon = randomBytes(2000);
  const sha256 = createHash('sha256').update(addon).digest('hex');
  const whole = brotliCompressSync(addon).toString('base64');
  const name = `tooljet-openai-${sha256}.node`;
  /** Builds a function that contains this text in a comment, like dist/index.js. */
  const packing = (base64) => new Function(`return { packed() {/*${base64}*/} }`)().packed;

  /** Loads with a dlopen that only records its arguments. */
  function loading(base64, folder) {
    const { dlopen, env } = process;
    const loaded = [];
    process.dlopen = (module, file) => {
      loaded.push(readFileSync(file));
      module.exports = 'the binding';
    };
    process.env = { ...env, TOOLJET_OPENAI_ADDON_DIR: folder };
    try {
      return { binding: load({ sha256, packed: packing(base64) }), loaded };
    } catch ({ message }) {
      return { message, loaded };
    } finally {
      Object.assign(process, { dlopen, env });
    }
  }

  const damage = (bytes, replacement) => {
    const at = random.whole(bytes.length);
    const cut = bytes.subarray(0, at);
    const rest = bytes.subarray(at + random.whole(40));
    return random.pick([
      cut,
      rest,
      Buffer.concat([cut, rest]),
      Buffer.concat([cut, replacement(1 + random.whole(40)), rest]),
      Buffer.concat([bytes, replacement(20)]),
    ]);
  };
  const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \n';
  const base64Bytes = (length) => Buffer.from(list(length, () => random.pick(BASE64)).join(''));

  test('rejects every damaged packed addon', (t) => {
    for (let times = 0; times < 300; times += 1) {
      const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const { binding, message, loaded } = loading(
        damage(Buffer.from(whole), base64Bytes).toString('latin1'),
        folder,
      );
      // Bytes after the end of the compressed data are ignored.
      if (binding) assert.deepEqual(loaded, [addon]);
      else assert.match(message, /native addon .* is damaged .*Install the plugin again/);
      assert.equal(existsSync(join(folder, name)), binding !== undefined);
    }
  });

  test('replaces every damaged file of the addon', (t) => {
    for (let times = 0; times < 100; times += 1) {
      const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      writeFileSync(join(folder, name), damage(addon, randomBytes), { mode: 0o600 });
      const { binding, loaded } = loading(whole, folder);
      assert.equal(binding, 'the binding');
      assert.deepEqual(loaded, [addon]);
      assert.deepEqual(readFileSync(join(folder, name)), addon);
    }
  });
});
