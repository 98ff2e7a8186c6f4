// An operation is whole: what it consists of is named by its definition, and each missing place is reported by name.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { OPERATIONS as DEFINITIONS } from '../forms/operations.mjs';
import { ENDPOINTS } from '../mock-api/endpoints.mjs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const RUST = 'src/operations';

/** The repository as far as operations are concerned. */
const whole = {
  definitions: DEFINITIONS,
  served: ENDPOINTS.map(({ path }) => path),
  dispatch: read(`${RUST}/mod.rs`),
  modules: Object.fromEntries(
    readdirSync(new URL(`../${RUST}`, import.meta.url))
      .filter((name) => name.endsWith('.rs'))
      .map((name) => [name, read(`${RUST}/${name}`)]),
  ),
  form: read('operations.json'),
  fields: read('docs/fields.md'),
  page: read('docs/openai.md'),
  types: read('index.d.ts'),
};

/** What api.mjs itself serves. */
const BUILT_IN = [
  '/completions',
  '/chat/completions',
  '/responses',
  '/images/generations',
  '/models',
];

const dispatched = (dispatch) => [
  ...dispatch.split('#[cfg(test)]')[0].matchAll(/^ {12}Some\("(\w+)"\) => (.*)$/gm),
];

/** Names what is missing in a repository like `whole`. */
function missing({ definitions, served, dispatch, modules, form, fields, page, types }) {
  const found = [];
  const need = (is, what) => is || found.push(what);
  for (const { value, name, types: options, endpoints, data } of definitions) {
    const line = dispatched(dispatch).find(([, key]) => key === value);
    need(line, `${RUST}/mod.rs dispatches no "${value}"`);
    const [, module] = /(\w+)::\w+\(fields/.exec(line?.[2] ?? '') ?? [];
    need(!module || modules[`${module}.rs`], `${RUST}/${module}.rs is missing`);
    for (const path of endpoints) {
      need(BUILT_IN.includes(path) || served.includes(path), `mock-api/endpoints/ has no ${path}`);
    }
    need(form.includes(`"value":"${value}"`), `operations.json has no ${value}`);
    need(fields.includes(`\n## ${name}\n`), `docs/fields.md has no section ${name}`);
    need(page.includes(`\n### ${name}\n`), `docs/openai.md has no section ${name}`);
    need(types.includes(`interface ${options} `), `index.d.ts has no ${options}`);
    need(types.includes(`  ${value}: ${data};`), `index.d.ts has no data of ${value}`);
  }
  for (const [, key] of dispatched(dispatch)) {
    const isDefined = definitions.some(({ value }) => value === key);
    need(isDefined || key === 'panic', `forms/operations/ does not define ${key}`);
  }
  return found;
}

/** Without what contains `words`. */
const lines = (text, words) =>
  text
    .split('\n')
    .filter((line) => !line.includes(words))
    .join('\n');

describe('the places of an operation', () => {
  test('finds every place of every operation', () => {
    assert.deepEqual(missing(whole), []);
  });

  const { 'moderation.rs': _, ...modules } = whole.modules;
  const withoutOne = [
    [
      'its definition',
      { definitions: whole.definitions.filter(({ value }) => value !== 'moderation') },
      'forms/operations/ does not define moderation',
    ],
    ['its code', { modules }, `${RUST}/moderation.rs is missing`],
    [
      'its line of dispatch',
      { dispatch: lines(whole.dispatch, '"moderation"') },
      `${RUST}/mod.rs dispatches no "moderation"`,
    ],
    [
      'its endpoint in the mock API',
      { served: whole.served.filter((path) => path !== '/moderations') },
      'mock-api/endpoints/ has no /moderations',
    ],
    [
      'its form',
      { form: whole.form.replace('"value":"moderation"', '') },
      'operations.json has no moderation',
    ],
    [
      'its fields',
      { fields: lines(whole.fields, '## Moderate') },
      'docs/fields.md has no section Moderate',
    ],
    [
      'its section',
      { page: lines(whole.page, '### Moderate') },
      'docs/openai.md has no section Moderate',
    ],
    [
      'its options',
      { types: lines(whole.types, 'interface ModerationOptions') },
      'index.d.ts has no ModerationOptions',
    ],
    [
      'its result',
      { types: lines(whole.types, '  moderation: ModerationData') },
      'index.d.ts has no data of moderation',
    ],
  ];
  for (const [place, change, named] of withoutOne) {
    test(`reports a place by name when ${place} is missing`, () => {
      assert.deepEqual(missing({ ...whole, ...change }), [named]);
    });
  }
});
