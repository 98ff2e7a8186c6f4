// The folder that `npm run export:tooljet` writes for ToolJet's own repository.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { BUILT, ROOT, runScript } from './marketplace/processes.mjs';
import { pluginProblems } from './marketplace/validate-plugin.mjs';
import { REGISTRY } from './marketplace/workspace.mjs';

const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const TOOLJET = { registry: REGISTRY, builtIn: ['postgresql', 'restapi', 'googlesheets'] };

let parent;
let folder;
beforeEach((t) => {
  parent = mkdtempSync(join(tmpdir(), 'export-'));
  folder = join(parent, 'openai');
  t.after(() => rmSync(parent, { recursive: true }));
});

async function exportTo(target, ...options) {
  const { code, stdout, stderr } = await runScript('scripts/export.mjs', {
    args: ['--folder', BUILT, ...options, target],
  });
  return { code, stdout, stderr };
}

const read = (path) => readFileSync(join(folder, path), 'utf8');

function edit(path, change) {
  const json = JSON.parse(read(path));
  change(json);
  writeFileSync(join(folder, path), JSON.stringify(json));
}

test('exports a folder that passes ToolJet’s validate-plugin', async () => {
  const { code, stderr } = await exportTo(folder);
  assert.equal(code, 0, stderr);
  assert.deepEqual(pluginProblems(folder, TOOLJET), []);
});

for (const { broken, change, context, problem } of [
  {
    broken: 'a missing file',
    change: () => rmSync(join(folder, 'lib/types.ts')),
    problem: 'missing lib/types.ts',
  },
  {
    broken: 'an operation without a literal',
    change: () => writeFileSync(join(folder, 'lib/types.ts'), ''),
    problem: 'operation chat is not in lib/*.ts',
  },
  {
    broken: 'a field of an unknown type',
    change: () => edit('lib/operations.json', (form) => (form.properties.operation.type = 'code')),
    problem: 'operation: type code cannot be used',
  },
  {
    broken: 'a template’s placeholder',
    change: () => edit('lib/manifest.json', (form) => (form.title = '{{PLUGIN_1_NAME}}')),
    problem: '{{PLUGIN_1_NAME}} is left over',
  },
  {
    broken: 'a folder with another name',
    change: () => {
      renameSync(folder, join(parent, 'other'));
      folder = join(parent, 'other');
    },
    problem: 'the folder is not named openai',
  },
  {
    broken: 'a kind that is not in the registry',
    context: { registry: [] },
    problem: 'openai is 0 times in the registry',
  },
  {
    broken: 'a kind that is built in',
    context: { builtIn: ['openai'] },
    problem: 'openai is a built-in connector',
  },
]) {
  test(`validate-plugin rejects ${broken}`, async () => {
    await exportTo(folder);
    change?.();
    const problems = pluginProblems(folder, { ...TOOLJET, ...context });
    assert.ok(problems.includes(problem), problems.join('\n'));
  });
}

/** Finds each field of a form, with its group. */
function* fieldsIn(node, group = '') {
  for (const [name, value] of Object.entries(node)) {
    if (typeof value?.type === 'string') yield { group, ...value };
    else if (typeof value === 'object' && value !== null) yield* fieldsIn(value, group || name);
  }
}

test('exports a dropdown of models that asks the plugin, and says what ToolJet needs for it', async () => {
  const { stdout } = await exportTo(folder);
  assert.match(stdout, /whitelist-plugin\.guard\.ts names: add 'openai' to them/);
  const selectors = [...fieldsIn(JSON.parse(read('lib/operations.json')).properties)].filter(
    ({ type }) => type === 'dynamic-selector',
  );
  const methods = Object.fromEntries(
    selectors.map(({ group, key, operation }) => [`${group}.${key}`, operation.invokeMethod]),
  );
  const expected = {
    'chat.model': 'listChatModels',
    'completion.model': 'listChatModels',
    'image_generation.image_model': 'listImageModels',
    'generate_embedding.model_embedding': 'listEmbeddingModels',
    'decision.decision_model': 'listChatModels',
  };
  assert.deepEqual({ ...methods, ...expected }, methods);
  assert.match(read('lib/index.ts'), /^export default OpenAI;$/m);
});

test('exports the form of the build for a ToolJet that does not ask plugins', async () => {
  const { stdout } = await exportTo(folder, '--typed-models');
  assert.doesNotMatch(stdout, /whitelist/);
  const built = readFileSync(join(BUILT, 'lib/operations.json'), 'utf8');
  assert.deepEqual(JSON.parse(read('lib/operations.json')), JSON.parse(built));
});

test('exports the icon and the data source form of the build, and no binary', async () => {
  await exportTo(folder);
  for (const [path, original] of [
    ['lib/manifest.json', join(BUILT, 'lib/manifest.json')],
    ['lib/icon.svg', join(BUILT, 'lib/icon.svg')],
  ]) {
    assert.equal(read(path), readFileSync(original, 'utf8'), path);
  }
  const { name, dependencies } = JSON.parse(read('package.json'));
  assert.equal(name, '@tooljet-marketplace/openai');
  assert.equal(dependencies['tooljet-openai'], VERSION);
  const sizes = readdirSync(folder, { recursive: true }).map(
    (path) => statSync(join(folder, path)).size,
  );
  assert.ok(Math.max(...sizes) < 200_000, `${sizes}`);
});

test('exports tests that pass', async () => {
  await exportTo(folder);
  const installed = join(parent, 'node_modules/tooljet-openai');
  cpSync(join(BUILT, 'dist'), join(installed, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  // ToolJet runs the tests with Jest, which provides these names.
  const jest = join(parent, 'jest.cjs');
  writeFileSync(
    jest,
    `const { after: afterAll, before: beforeAll, describe, it } = require('node:test');
     Object.assign(globalThis, { afterAll, beforeAll, describe, it });`,
  );
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const output = execFileSync(
    process.execPath,
    ['--require', jest, '--test-reporter', 'tap', join(folder, '__tests__/index.js')],
    { encoding: 'utf8', env },
  );
  assert.match(output, /^# pass 5$/m);
});

test('rejects a folder with another name, and suggests the right one', async () => {
  const { code, stderr } = await exportTo(parent);
  assert.equal(code, 1);
  assert.ok(stderr.includes(`named like the plugin: ${folder}`), stderr);
  assert.deepEqual(readdirSync(parent), []);
});

test('refuses to write to a folder with other content', async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'thesis.txt'), 'years of work');
  const { code, stderr } = await exportTo(folder);
  assert.equal(code, 1);
  assert.match(stderr, /contains something other than the plugin openai/);
  assert.deepEqual(readdirSync(folder), ['thesis.txt']);
});

test('names the obsolete files when it replaces an earlier openai plugin', async () => {
  mkdirSync(join(folder, 'lib'), { recursive: true });
  writeFileSync(join(folder, 'lib/manifest.json'), '{"tj:source":{"kind":"openai"}}');
  writeFileSync(join(folder, 'lib/query_operations.ts'), 'export {};');
  mkdirSync(join(folder, 'lib/addon'));
  writeFileSync(join(folder, 'lib/addon/index.js'), '');
  const { code, stdout } = await exportTo(folder);
  assert.equal(code, 0);
  assert.match(stdout, /^no longer used, remove it: lib\/addon\/index\.js$/m);
  assert.match(stdout, /^no longer used, remove it: lib\/query_operations\.ts$/m);
  assert.equal(JSON.parse(read('lib/manifest.json')).source.kind, 'openai');
});

test('fails when no folder is named', async () => {
  const { code, stderr } = await runScript('scripts/export.mjs');
  assert.equal(code, 1);
  assert.match(stderr, /name one folder/);
});
