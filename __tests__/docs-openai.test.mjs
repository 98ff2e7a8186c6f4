// docs/openai.md and docs/install.md are correct: the examples run, and the names are those of the
// forms and the commands.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { createHarness } from '../harness/harness.mjs';
import { startMockApi } from '../mock-api/server.mjs';
import { COMPONENTS } from '../playground/src/components.js';
import { evaluateTemplates } from '../playground/src/evaluate.js';
import { fillIn } from '../playground/templates.mjs';
import { hasAdvanced, listFields, operations, SOURCE_FIELDS } from './forms.mjs';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const page = read('docs/openai.md');

/** Returns the text below a heading, up to the next heading of its level. */
function section(title, text = page) {
  const [, level, rest] = new RegExp(`^(#+) ${title}\n(.*)`, 'ms').exec(text) ?? [];
  assert.ok(level, `there is no heading ${title}`);
  return rest.split(new RegExp(`^#{1,${level.length}} `, 'm'))[0];
}

/**
 * Checks that the result has every member that the page shows; a string that ends with … is a
 * beginning.
 */
function assertShows(shown, actual, path) {
  if (typeof shown === 'string' && shown.endsWith('…')) {
    assert.ok(actual.startsWith(shown.slice(0, -1)), `${path}: ${actual.slice(0, 80)}`);
  } else if (Array.isArray(shown)) {
    assert.equal(actual?.length, shown.length, path);
    for (const [at, each] of shown.entries()) assertShows(each, actual[at], `${path}[${at}]`);
  } else if (typeof shown === 'object' && shown !== null) {
    for (const [key, each] of Object.entries(shown)) {
      assertShows(each, actual?.[key], `${path}.${key}`);
    }
  } else {
    assert.deepEqual(actual, shown, path);
  }
}

describe('the examples of docs/openai.md', () => {
  let mockApi;
  let harness;
  /** The results to which an example refers that is about another query. */
  const queries = {};
  before(async () => {
    mockApi = await startMockApi();
    harness = createHarness({ text: read('dist/index.js') });
  });
  after(() => mockApi.close());

  const blocks = Array.from(page.matchAll(/^```json title="(\w+)"\n(.*?)^```$/gms));
  const pairs = blocks.map(([, title, text]) => ({ title, json: JSON.parse(text) }));

  test('docs/openai.md has an example with a result for every operation', () => {
    assert.ok(pairs.every(({ title }, at) => title === (at % 2 === 0 ? 'Query' : 'Result')));
    const shown = pairs.map(({ json }) => json.operation).filter(Boolean);
    const all = operations.properties.operation.list.map(({ value }) => value);
    assert.deepEqual([...new Set(shown)].toSorted(), all.toSorted());
  });

  for (let at = 0; at < pairs.length; at += 2) {
    const [query, result] = [pairs[at].json, pairs[at + 1].json];
    test(`docs/openai.md shows the result of ${query.operation} with ${JSON.stringify(query.prompt ?? query.input ?? query.file ?? query.filter)}`, async () => {
      const source = { apiKey: 'sk-mock-api-test', base_url: mockApi.baseUrl };
      const { values } = evaluateTemplates(query, { components: COMPONENTS, queries });
      const ran = await harness.run(source, fillIn(query, values));
      assertShows({ status: 'ok', ...result }, ran, 'result');
      if (query.operation === 'batch_start') queries.startBatch = ran;
    });
  }
});

describe('the names in docs/openai.md', () => {
  for (const { name, value } of operations.properties.operation.list) {
    test(`docs/openai.md names exactly the form fields of ${name}`, () => {
      const text = section(name);
      const listed = Array.from(text.matchAll(/^- \*\*([^*]+)\*\*: /gm), ([, label]) => label);
      const advanced = /^- \*\*Advanced\*\*: shows ([^.]+)\./m.exec(text)?.[1] ?? '';
      const below = advanced.split(/,\s+|\s+and\s+/).map((label) => label.replace(/\s+/g, ' '));
      const shown = [...listed, ...below.filter(Boolean)];
      const labels = listFields(value).map(({ label }) => label);
      if (hasAdvanced(value)) labels.unshift('Advanced');
      assert.deepEqual(shown.toSorted(), labels.toSorted());
    });
  }

  test('docs/openai.md names every field of the data source', () => {
    for (const { label } of SOURCE_FIELDS) {
      assert.ok(section('Connection').includes(`**${label}**`), label);
    }
  });

  test('docs/openai.md lists the engines of the form', () => {
    const { list } = listFields('completion').find(({ key }) => key === 'engine');
    const listed = section('Completions in 2026').matchAll(/^- \*\*([^*]+)\*\*/gm);
    for (const [at, [, name]] of Array.from(listed).entries()) {
      assert.ok(list[at].name.startsWith(name), `${list[at].name} is not ${name}`);
    }
  });
});

test('docs/install.md names only commands that exist', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = read('docs/install.md').matchAll(/npm run ([\w:]+)\b(?! --workspace)/g);
  for (const [, script] of named) {
    if (script === 'validate:plugin') continue; // ToolJet's own
    assert.ok(script in scripts, script);
  }
});
