// An operation is whole: what it consists of is named by its definition, and each missing place is reported by name.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const RUST = 'src/operations';

/** The operations, and what the mock API serves. A definition that names a constant of its Rust file cannot be read without that. */
const defined = await Promise.all([
  import('../forms/operations.mjs'),
  import('../mock-api/api.mjs'),
]).then(
  ([{ OPERATIONS }, { isServed }]) => ({
    definitions: OPERATIONS,
    isServed: (path) => isServed('POST', path) || isServed('GET', path),
  }),
  ({ message }) => ({ unreadable: message }),
);

/** The repository as far as operations are concerned. */
const repository = {
  ...defined,
  dispatch: read(`${RUST}/mod.rs`),
  modules: readdirSync(new URL(`../${RUST}`, import.meta.url)),
  form: read('operations.json'),
  page: read('docs/openai.md'),
};

const dispatched = (dispatch) => [
  ...dispatch.split('#[cfg(test)]')[0].matchAll(/^ {12}Some\("(\w+)"\) => (.*)$/gm),
];

/** Names what is missing in such a repository. */
function missing({ definitions, unreadable, isServed, dispatch, modules, form, page }) {
  const found = [];
  const need = (is, what) => is || found.push(what);
  for (const [, module] of dispatch.matchAll(/^pub mod (\w+);$/gm)) {
    const isThere = modules.includes(module) || modules.includes(`${module}.rs`);
    need(isThere, `${RUST}/${module}.rs is missing`);
  }
  need(!unreadable, `forms/operations/ cannot be read: ${unreadable}`);
  if (unreadable) return found;
  for (const { value, name, endpoints } of definitions) {
    const line = dispatched(dispatch).find(([, key]) => key === value);
    need(line, `${RUST}/mod.rs dispatches no "${value}"`);
    const isInTable = dispatch.includes(`//! | \`${value}\` |`);
    need(isInTable, `the table of ${RUST}/mod.rs has no ${value}`);
    for (const path of endpoints) {
      need(isServed(path), `the mock API serves no ${path}`);
    }
    need(form.includes(`"value":"${value}"`), `operations.json has no ${value}`);
    need(page.includes(`\n### ${name}\n`), `docs/openai.md has no section ${name}`);
  }
  for (const [, key] of dispatched(dispatch)) {
    const isDefined = definitions.some(({ value }) => value === key);
    need(isDefined || key === 'panic', `forms/operations/ does not define ${key}`);
  }
  return found;
}

const lacking = missing(repository);

/** One operation with all that it needs. */
const whole = {
  definitions: [{ value: 'toy', name: 'Toy', endpoints: ['/toys'] }],
  isServed: (path) => path === '/toys',
  dispatch: [
    '//! | `toy` | `toy.rs` | `POST /toys` |',
    'pub mod toy;',
    '            Some("toy") => Route::only(toy::plan(fields)?),',
  ].join('\n'),
  modules: ['toy.rs'],
  form: '"value":"toy"',
  page: '\n### Toy\n',
};
/** The lines of the dispatch but one. */
const without = (start) =>
  whole.dispatch
    .split('\n')
    .filter((line) => !line.startsWith(start))
    .join('\n');

describe('the places of an operation', () => {
  test('are all there', () => {
    assert.deepEqual(lacking, []);
  });

  test('are all there when an operation is whole', () => {
    assert.deepEqual(missing(whole), []);
  });

  for (const [place, change, named] of [
    ['its definition', { definitions: [] }, 'forms/operations/ does not define toy'],
    ['its code', { modules: [] }, `${RUST}/toy.rs is missing`],
    [
      'what its definition reads',
      { unreadable: 'no constant' },
      'forms/operations/ cannot be read: no constant',
    ],
    [
      'its line of dispatch',
      { dispatch: without('            Some') },
      `${RUST}/mod.rs dispatches no "toy"`,
    ],
    [
      'its line of the table',
      { dispatch: without('//!') },
      `the table of ${RUST}/mod.rs has no toy`,
    ],
    ['its endpoint in the mock API', { isServed: () => false }, 'the mock API serves no /toys'],
    ['its form', { form: '' }, 'operations.json has no toy'],
    ['its section', { page: '' }, 'docs/openai.md has no section Toy'],
  ]) {
    test(`are reported by name when ${place} is missing`, () => {
      assert.deepEqual(missing({ ...whole, ...change }), [named]);
    });
  }
});

const { definitions = [], modules, dispatch, form, page } = repository;

describe('the five files that added Moderate', () => {
  for (const [file, change, ...named] of [
    [
      'forms/operations/moderation.mjs',
      { definitions: definitions.filter(({ value }) => value !== 'moderation') },
      'forms/operations/ does not define moderation',
    ],
    [
      'src/operations/moderation.rs',
      { modules: modules.filter((name) => name !== 'moderation.rs') },
      'src/operations/moderation.rs is missing',
    ],
    [
      'src/operations/mod.rs',
      { dispatch: dispatch.replaceAll(/^.*moderation.*$/gm, '') },
      'src/operations/mod.rs dispatches no "moderation"',
      'the table of src/operations/mod.rs has no moderation',
    ],
    [
      'operations.json',
      { form: form.replace('{"name":"Moderate","value":"moderation"},', '') },
      'operations.json has no moderation',
    ],
    [
      'docs/openai.md',
      { page: page.replace('\n### Moderate\n', '') },
      'docs/openai.md has no section Moderate',
    ],
  ]) {
    // Each case would report once more what the repository lacks.
    const skip = lacking.length > 0 && 'first mend what "are all there" reports';
    test(`are reported by name when ${file} was left out`, { skip }, () => {
      assert.deepEqual(missing({ ...repository, ...change }), named);
    });
  }
});
