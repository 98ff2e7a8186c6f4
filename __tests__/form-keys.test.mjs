// The forms and the code agree on the keys: every field has an effect, and every effect has a
// field.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { OPERATIONS as DEFINITIONS, listFields, operations, SOURCE_FIELDS } from './forms.mjs';
import {
  MINIMAL_QUERIES,
  MODEL_KEYS,
  mockApi,
  rowsOf,
  run,
  takesEverything,
  untimed,
} from './plugin.mjs';

const SOURCE_KEYS = SOURCE_FIELDS.map(({ key }) => key);
/** Lists every field of every operation, with the Advanced switch among the basic ones. */
const QUERY_KEYS = DEFINITIONS.flatMap(({ value, advanced }) => [
  ...(advanced ? [{ operation: value, key: 'advanced', advanced: false }] : []),
  ...listFields(value).map(({ key, advanced }) => ({ operation: value, key, advanced })),
]);

const hangs = () => ({ fault: 'hang' });
const fails = () => ({ status: 500, headers: { 'retry-after-ms': '1' }, body: {} });

/** One value per key that differs from its default, and the other options that it needs. */
const SOURCE_SAMPLES = {
  apiKey: { value: 'sk-mock-api-other' },
  organizationId: { value: 'org-mock-api' },
  base_url: { value: () => `${mockApi.url}/other/v1` },
  project_id: { value: 'proj_mock_api' },
  headers: { value: [['x-team', 'blue']] },
  timeout_seconds: {
    value: '1',
    needs: { max_retries: '0' },
    script: hangs,
    says: /within the data source's Timeout of 1 s/,
  },
  max_retries: { value: '0', script: fails },
  streaming: { value: 'on' },
};
const TEXT = { value: 'sample' };
const NUMBER = { value: '0.5' };
const WHOLE = { value: '3' };
const QUERY_SAMPLES = {
  ...Object.fromEntries(
    DEFINITIONS.flatMap(({ basic, advanced = [] }) => [...basic, ...advanced])
      .filter(({ sample }) => sample !== undefined)
      .map(({ key, sample, needs }) => [key, { value: sample, needs }]),
  ),
  model: TEXT,
  image_model: TEXT,
  model_embedding: TEXT,
  result: { value: 'details' },
  prompt: { value: 'another JSON' },
  max_tokens: WHOLE,
  temperature: NUMBER,
  stop_sequence: TEXT,
  suffix: TEXT,
  engine: { value: 'chat' },
  top_p: NUMBER,
  frequency_penalty: NUMBER,
  presence_penalty: NUMBER,
  n: WHOLE,
  best_of: WHOLE,
  echo: { value: 'true' },
  seed: WHOLE,
  logprobs: WHOLE,
  extra_body: { value: '{"added": true}' },
  image_extra_body: { value: '{"added": true}' },
  embedding_extra_body: { value: '{"added": true}' },
  image_count: WHOLE,
  system_prompt: TEXT,
  message_history: { value: '[{"role": "user", "content": "Hi."}]' },
  images: { value: 'https://example.com/a.png' },
  image_detail: { value: 'low', needs: { images: 'https://example.com/a.png' } },
  response_format: { value: 'json_object' },
  json_schema: {
    value: '{"type": "object", "title": "other"}',
    needs: { response_format: 'json_schema' },
  },
  api: { value: 'responses' },
  reasoning_effort: { value: 'low' },
  reasoning_summary: { value: 'auto' },
  reasoning_mode: { value: 'pro' },
  verbosity: { value: 'low' },
  web_search: { value: 'on' },
  search_context_size: { value: 'low', needs: { web_search: 'on' } },
  search_domains: { value: 'example.com', needs: { web_search: 'on' } },
  search_country: { value: 'de', needs: { web_search: 'on' } },
  tools: { value: '{"get_weather": {"city": "string"}}' },
  tool_choice: { value: 'required', needs: { tools: '["get_weather"]' } },
  service_tier: { value: 'flex' },
  prompt_cache_key: TEXT,
  safety_identifier: TEXT,
  metadata: { value: '{"ticket": "42"}' },
  size: { value: '512x512' },
  quality: { value: 'low' },
  background: { value: 'opaque' },
  output_format: { value: 'webp' },
  input: { value: 'another' },
  dimensions: WHOLE,
  encoding_format: { value: 'base64' },
  advanced: {
    value: 'off',
    needs: {
      extra_body: '{"added": true}',
      image_extra_body: '{"added": true}',
      embedding_extra_body: '{"added": true}',
      result: 'details',
    },
  },
};

/** The value of a field in one operation, whose definition may have one of its own. */
function sampleOf(operation, key) {
  const field = listFields(operation).find((each) => each.key === key);
  return field?.needs ? { value: field.sample, needs: field.needs } : QUERY_SAMPLES[key];
}

/** Fields whose sample makes the query fail. */
const FAILS_WITH = ['on_failure'];

/** Waits until no request is open, so that one of a query that has ended does not count for the next. */
async function noneInFlight() {
  while (mockApi.inFlight > 0) await new Promise(setImmediate);
}

/** Returns all effects of a query: its requests and its result. */
async function effect(query, sourceOptions, script = takesEverything) {
  mockApi.reset();
  mockApi.respondWith(script);
  const result = untimed(await run(query, sourceOptions));
  await noneInFlight();
  const requests = mockApi.requests.map(async (request) => {
    const { method, path, headers, text } = request;
    const { host, 'content-type': type, ...sent } = headers;
    // Each form has a different boundary.
    const contentType = type?.replace(/boundary=.*/, '');
    const rows = await rowsOf(request);
    return { method, path, headers: { ...sent, contentType }, text, rows };
  });
  return { requests: await Promise.all(requests), result };
}

describe('the data source', () => {
  for (const key of SOURCE_KEYS) {
    test(`${key} of the data source has an effect`, async () => {
      const sample = SOURCE_SAMPLES[key];
      assert.ok(sample, `there is no sample for ${key}`);
      const value = typeof sample.value === 'function' ? sample.value() : sample.value;
      if (sample.says) {
        const { result } = await effect(
          MINIMAL_QUERIES.chat,
          { ...sample.needs, [key]: value },
          sample.script,
        );
        assert.match(result.description, sample.says);
        return;
      }
      const without = await effect(MINIMAL_QUERIES.chat, {}, sample.script);
      const with_ = await effect(MINIMAL_QUERIES.chat, { [key]: value }, sample.script);
      assert.notDeepEqual(with_.requests, without.requests);
    });
  }
});

/** An unknown model, so that nothing is adjusted to it. */
const least = (operation) => ({
  ...MINIMAL_QUERIES[operation],
  ...(MODEL_KEYS[operation] && { [MODEL_KEYS[operation]]: 'brand-new' }),
});

/** Whether a field names the model of a request. */
const isModel = ({ key, control }) => control === 'line' && /(?:^|_)model(?:_|$)/.test(key);

/** The model that the first request names, itself or in the rows of its file. */
async function firstModel() {
  const [request] = mockApi.requests;
  const [row] = await rowsOf(request);
  return (row ?? request).body.model;
}

const words = (sentence) => sentence.split(/[ ,;]+/);

for (const { value: operation } of DEFINITIONS) {
  describe(`${operation}`, () => {
    test(`ignores keys that the form of ${operation} does not show`, async () => {
      const shown = listFields(operation).filter(({ advanced }) => !advanced);
      const keys = ['advanced', ...shown.map(({ key }) => key)];
      const hidden = QUERY_KEYS.filter(({ key }) => !keys.includes(key));
      assert.ok(hidden.length > 10);
      const set = Object.fromEntries(hidden.map(({ key }) => [key, QUERY_SAMPLES[key]?.value]));
      const plain = { advanced: 'off', ...least(operation) };
      assert.deepEqual(await effect({ ...set, ...plain }), await effect(plain));
    });

    test(`sends the same for a new query of ${operation} with and without the defaults of the form`, async () => {
      const fresh = { ...operations.defaults, ...least(operation) };
      const plain = await effect(least(operation));
      assert.deepEqual(await effect(fresh), plain);
      assert.deepEqual(await effect({ ...fresh, advanced: 'on' }), plain);
    });

    for (const { key, min, max } of listFields(operation).filter(
      (field) => field.max !== undefined,
    )) {
      test(`accepts ${key} of ${operation} from ${min} to ${max}, as in its definition`, async () => {
        const set = (value) => ({
          ...least(operation),
          n: undefined,
          advanced: 'on',
          [key]: value,
        });
        for (const value of [min, max]) {
          const { result } = await effect(set(value));
          assert.equal(result.status, 'ok', result.description);
        }
        const beyond = Number.isInteger(max) && max > 2 ? 1 : 0.01;
        for (const value of [min - beyond, max + beyond]) {
          const { result, requests } = await effect(set(value));
          assert.deepEqual([result.data.code, result.data.param], ['invalid_option', key]);
          assert.equal(requests.length, 0);
        }
      });
    }

    for (const { key, placeholder } of listFields(operation).filter(
      ({ label }) => label === 'Model',
    )) {
      test(`runs ${operation} with every example of ${key}`, async () => {
        for (const model of placeholder.match(/[a-z][a-z-]*-[\w.-]+/g)) {
          const result = await run({ ...MINIMAL_QUERIES[operation], [key]: model });
          assert.equal(result.status, 'ok', result.description);
        }
      });
    }

    for (const { key, needs, placeholder, fallback } of listFields(operation).filter(isModel)) {
      const engines = listFields(operation).find((field) => field.key === 'engine')?.list ?? [{}];
      for (const { value: engine } of engines) {
        const through = engine ? ` with the engine ${engine}` : '';
        test(`the form says which model ${operation} sends if ${key} is empty${through}`, async () => {
          await effect({ ...MINIMAL_QUERIES[operation], ...needs, engine, [key]: '' });
          const model = await firstModel();
          const [, , told] = /^(e\.g\. [^;]*; )?(.*\bif empty\b.*)$/.exec(placeholder);
          assert.ok(words(told).includes(model), `${model} is sent, but not in: ${told}`);
          assert.ok(words(fallback).includes(model), `${model} is sent, but not in: ${fallback}`);
        });
      }
    }

    for (const { key, advanced } of QUERY_KEYS.filter((each) => each.operation === operation)) {
      const sample = sampleOf(operation, key);
      const query = (more) => ({ ...least(operation), ...sample?.needs, ...more });

      test(`${key} of ${operation} has an effect`, async () => {
        assert.ok(sample, `there is no sample for ${key}`);
        const without = await effect(query({ advanced: 'on' }));
        const with_ = await effect(query({ advanced: 'on', [key]: sample.value }));
        const status = FAILS_WITH.includes(key) ? 'failed' : 'ok';
        assert.equal(with_.result.status, status, with_.result.description);
        assert.notDeepEqual(with_, without);
      });

      if (!advanced) continue;
      test(`ignores ${key} of ${operation} while Advanced is off, and reads it when Advanced was never set`, async () => {
        const set = { [key]: sample.value };
        const closed = await effect(query({ advanced: 'off', ...set }));
        assert.deepEqual(closed, await effect(query({ advanced: 'off' })));
        assert.notDeepEqual(await effect(query(set)), closed);
      });
    }
  });
}

test('has no sample for a field that does not exist', () => {
  const known = QUERY_KEYS.map(({ key }) => key);
  const samples = [...Object.keys(QUERY_SAMPLES), ...Object.keys(SOURCE_SAMPLES)];
  assert.deepEqual(
    samples.filter((key) => ![...known, ...SOURCE_KEYS].includes(key)),
    [],
  );
});

/**
 * Keys that no form has: those of saved queries, and of ToolJet itself. index.d.ts documents them.
 */
const SAVED_KEYS = ['query_timeout'];

const READERS =
  'value|typed|is_set|text|trimmed|number|integer|boolean|choice|dropdown|json|object';
/** Finds the words that `pattern` captures; a captured list gives all its literals. */
const captured = (code, pattern) =>
  [...code.matchAll(pattern)].flatMap(([, found]) =>
    found.includes('"') ? [...found.matchAll(/"(\w+)"/g)].map(([, word]) => word) : [found],
  );

/** Finds the keys that a file of the code passes to the readers of `Fields`. */
function keysRead(code) {
  const constants = Object.fromEntries(
    [...code.matchAll(/const (\w+): &str = "(\w+)"/g)].map(([, name, key]) => [name, key]),
  );
  return [
    ...captured(code, new RegExp(`\\.(?:${READERS})\\("(\\w+)"`, 'g')),
    ...captured(code, new RegExp(`\\.(?:${READERS})\\(([A-Z_]+)\\)`, 'g')).map(
      (name) => constants[name],
    ),
    ...captured(code, /\beach\(fields, ([A-Z_]+)/g).map((name) => constants[name]),
    // Code that passes keys to a reader: lists of words, saved keys, and loops over pairs.
    ...captured(code, /\.\w+\(&\[([^\]]+)\]/g),
    ...captured(code, /\bown_key\(&\w+, "(\w+)"/g),
    ...captured(code, /const EXTRA_BODY: &str = "(\w+)"/g),
    ...captured(code, /\bfiles::images\(fields, "(\w+)"/g),
    ...captured(code, /\bList::from_fields\(fields, "(\w+)"/g),
    ...captured(code, /\bsaved_key\(fields, "(\w+)"/g),
    ...[...code.matchAll(/for \((?:key|name), \w+\)\s+in\s+\[([^\]]+)\]/g)].flatMap(([, pairs]) =>
      captured(pairs, /\("(\w+)"/g),
    ),
  ];
}

test('reads exactly the keys of the forms and of saved queries', () => {
  const folder = new URL('../src/', import.meta.url);
  const read = new Set(
    readdirSync(folder, { recursive: true })
      // responses/ translates whole requests and reads no fields.
      .filter((file) =>
        /^operations\/(?!responses\/).*\.rs$|^input\/(?:options|base_url)\.rs$/.test(file),
      )
      .map((file) => readFileSync(new URL(file, folder), 'utf8').split('#[cfg(test)]')[0])
      .map((code) => code.replaceAll(/^\s*\/\/.*$/gm, ''))
      .flatMap(keysRead),
  );
  const offered = ['operation', ...QUERY_KEYS.map(({ key }) => key), ...SOURCE_KEYS];
  assert.deepEqual([...read].sort(), [...new Set([...offered, ...SAVED_KEYS])].sort());

  const types = readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8');
  for (const key of SAVED_KEYS) assert.match(types, new RegExp(`\\b${key}\\b`));
});
