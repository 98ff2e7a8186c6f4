import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import humps from 'humps';
import { UNSET } from '../forms/controls.mjs';
import { DEFAULT_COMPLETION_MODEL } from '../forms/core.mjs';
import { operationsForm } from '../forms/operations-json.mjs';
import {
  iconViolations,
  MAX_OPERATIONS_BYTES,
  manifestViolations,
  operationsViolations,
} from './form-rules.mjs';
import { listFields, manifest, OPERATIONS, operations } from './forms.mjs';

const read = (name) => readFile(new URL(name, import.meta.url), 'utf8');
const icon = await read('../icon.svg');

/** A copy of a form in which `change` broke something. */
function broken(form, change) {
  const copy = structuredClone(form);
  change(copy);
  return copy;
}

test('manifest.json follows the rules of ToolJet', () => {
  assert.deepEqual(manifestViolations(manifest), []);
});

test('operations.json follows the rules of ToolJet', async () => {
  const size = Buffer.byteLength(await read('../operations.json'));
  assert.deepEqual(operationsViolations(operations, { size }), []);
});

test('icon.svg follows the rules of ToolJet', () => {
  assert.deepEqual(iconViolations(icon), []);
});

test('the data source form starts with the basic fields', () => {
  assert.deepEqual(Object.keys(manifest.properties).slice(0, 4), [
    ...['apiKey', 'organizationId', 'project_id', 'base_url'],
  ]);
});

test('the basic forms of Completions and Chat show the common fields', () => {
  const known = ['model', 'prompt', 'max_tokens', 'temperature', 'stop_sequence', 'suffix'];
  const labels = ['Model', 'Prompt', 'Max tokens', 'Temperature', 'Stop sequence', 'Suffix'];
  for (const operation of ['completion', 'chat']) {
    const basic = listFields(operation).filter(({ advanced }) => !advanced);
    const found = known.map((key) => basic.find((field) => field.key === key)?.label);
    assert.deepEqual(found, labels);
  }
});

test('the basic form of Chat has at most 12 rows', () => {
  const basic = listFields('chat').filter(({ advanced }) => !advanced);
  assert.ok(['Operation', 'Advanced', ...basic].length <= 12);
});

test('the operations have the ids of saved apps and the names of the official document', () => {
  const names = Object.fromEntries(
    operations.properties.operation.list.map(({ name, value }) => [value, name]),
  );
  const saved = {
    completion: 'Completions',
    chat: 'Chat',
    image_generation: 'Generate image',
    generate_embedding: 'Generate embedding',
    list_models: 'List models',
  };
  assert.deepEqual({ ...names, ...saved }, names);
  assert.equal(operations.defaults.operation, 'chat');
  assert.equal(operations.defaults.advanced, 'off');
});

test('the operations begin with what people use most, and end with what builders look up', () => {
  const names = operations.properties.operation.list.map(({ name }) => name);
  assert.equal(names[0], 'Chat');
  assert.equal(names.at(-1), 'List models');
  const orders = OPERATIONS.map(({ order }) => order);
  assert.equal(new Set(orders).size, orders.length, orders.join());
});

test('no form but the exported one asks the plugin for a list', () => {
  const exported = operationsForm({ listsModels: true });
  assert.deepEqual(operationsViolations(exported, { isExported: true }), []);
  assert.match(operationsViolations(exported).join('\n'), /type dynamic-selector cannot be used/);
});

test('the headers field recommends workspace secrets', () => {
  assert.match(manifest.properties.headers.tooltip, /\{\{secrets\.\w+\}\}/);
});

test('no form names a model whose shutdown is announced, except as what is sent', async () => {
  const core = await read('../src/policy/shutdowns.rs');
  const [, table] = /^const SHUTDOWNS:(.*?)^\];/ms.exec(core);
  const dead = [...table.matchAll(/"([a-z][\w.-]*-[\w.-]*)"/g)].map(([, model]) => model);
  const inUse = [...table.matchAll(/Some\("([^"]+)"\)/g)].map(([, model]) => model);
  const gone = new Set(dead.filter((model) => !inUse.includes(model)));
  assert.ok(gone.size > 30 && gone.has('dall-e-3'), [...gone].join());
  // Saved queries without a model still send it to servers that have it.
  gone.delete(DEFAULT_COMPLETION_MODEL);
  const words = JSON.stringify([operations, manifest]).match(/[a-z][\w.-]*\w/g);
  assert.deepEqual(
    words.filter((word) => gone.has(word)),
    [],
  );
});

const { paths, components } = JSON.parse(await read('openai-openapi/slim-strict.json'));
const api = components.schemas;
/** [operation, the schema of its first endpoint's request] where the document has it. */
const requests = OPERATIONS.map(({ value, endpoints: [path] }) => [
  value,
  paths[`/v1${path}`]?.post?.requestBody.content['application/json']?.schema,
]).filter(([, schema]) => schema);

const resolved = (schema) => (schema?.$ref ? api[schema.$ref.split('/').at(-1)] : schema);

/** Lists the properties of a request, inherited ones included. */
function listProperties(schema) {
  const { allOf = [], properties = {} } = resolved(schema);
  return Object.assign({}, ...allOf.map(listProperties), properties);
}

/** A property's schema and its alternatives, in one list. */
function alternatives(schema) {
  const { anyOf = [], oneOf = [], ...own } = resolved(schema);
  return [own, ...[...anyOf, ...oneOf].flatMap(alternatives)];
}

/** The API's names of fields with keys of their own. */
const PARAMETERS = {
  image_count: 'n',
  image_model: 'model',
  image_moderation: 'moderation',
  model_embedding: 'model',
};

/** [operation, field, the alternatives of the API's parameter of the same name]. */
const documented = requests.flatMap(([operation, request]) => {
  const parameters = listProperties(request);
  return listFields(operation)
    .map((field) => [operation, field, PARAMETERS[field.key] ?? field.key])
    .filter(([, , parameter]) => parameter in parameters)
    .map(([, field, parameter]) => [operation, field, alternatives(parameters[parameter])]);
});

/** The document allows 0, but nothing can be the best of fewer than one. */
const narrower = { best_of: 1 };

test('the ranges match the official document', () => {
  let checked = 0;
  for (const [operation, { key, accepts }, schemas] of documented) {
    const range = schemas.find(({ minimum, maximum }) => minimum !== undefined && maximum > 0);
    if (!range || range.maximum > 2 ** 53) continue;
    const minimum = narrower[key] ?? range.minimum;
    const told = new RegExp(`from ${minimum} to ${range.maximum}$`);
    assert.match(accepts, told, `${operation}.${key}`);
    checked += 1;
  }
  assert.ok(checked >= 13, `${checked}`);
});

/** The document still lists parameters of removed models. */
const ENDED = { quality: ['standard', 'hd'] };
/** The types of OpenAI's newer libraries have more. */
const NEWER = { quality: ['xhigh', 'max'], output_format: ['gif', 'svg'] };

test('the choices match the official document', () => {
  let checked = 0;
  for (const [operation, { key, list }, schemas] of documented) {
    const choices = schemas
      .flatMap((schema) => schema.enum ?? [])
      .filter((value) => value !== null && !ENDED[key]?.includes(value));
    if (!list || choices.length === 0) continue;
    const offered = list.map(({ value }) => value).filter((value) => value !== UNSET);
    const known = [...choices, ...(NEWER[key] ?? [])];
    assert.deepEqual(offered.toSorted(), known.toSorted(), `${operation}.${key}`);
    checked += 1;
  }
  assert.ok(checked >= 7, `${checked}`);
});

test('each operation uses a key for one field', () => {
  for (const { value } of OPERATIONS) {
    const keys = listFields(value).map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length, value);
  }
});

test('the rules detect a capital letter that ToolJet 3 would change', () => {
  assert.deepEqual(humps.decamelizeKeys({ input_M1: { helpText: 0 } }), {
    input__m1: { help_text: 0 },
  });
  const bad = broken(operations, ({ properties }) => {
    properties.Chat = properties.chat;
    properties.operation.list[1].value = 'Chat';
    delete properties.chat;
  });
  assert.match(operationsViolations(bad).join('\n'), /change when ToolJet 3 de-camelises/);
});

const operationMistakes = [
  [/chat.prompt: ToolJet 2 drops fields/, ({ chat }) => (chat.prompt = chat.off.prompt)],
  [/chat: has no group/, (properties) => delete properties.chat],
  [/of_old: is never shown/, (properties) => (properties.of_old = {})],
  [/off and undefined differ/, ({ completion }) => delete completion.undefined],
  [/on does not begin with/, ({ completion }) => delete completion.on.prompt],
  [/on has no field of its own/, ({ completion }) => (completion.on = completion.off)],
  [/Advanced is not off and on/, ({ chat }) => chat.advanced.list.pop()],
  [/type toggle cannot be used/, ({ chat }) => (chat.on.seed.type = 'toggle')],
  [/type text cannot be used/, ({ chat }) => (chat.on.prompt.type = 'text')],
  [/tooltip is not drawn/, ({ chat }) => (chat.advanced.tooltip = 'More fields.')],
  [/key text differs/, ({ chat }) => (chat.on.prompt.key = 'text')],
  [/is a type, not an example/, ({ chat }) => (chat.on.n.placeholder = 'Whole number')],
  [/placeholder is cut off/, ({ chat }) => (chat.on.n.placeholder = 'x'.repeat(71))],
  [/is misdrawn by ToolJet 2/, ({ chat }) => delete chat.on.n.lineNumbers],
  [/is misdrawn by ToolJet 2/, ({ chat }) => (chat.on.prompt.height = '100px')],
  [/not in sentence case/, ({ chat }) => (chat.on.n.label = 'Number Of Results')],
  [/n: has the labels/, ({ chat }) => (chat.on.n.label = 'How many')],
  [/has no help/, ({ chat }) => delete chat.on.temperature.tooltip],
  [/an empty value cannot be chosen/, ({ chat }) => (chat.on.verbosity.list[0].value = '')],
  [/is not \{name, value\}/, ({ chat }) => (chat.on.verbosity.list[1].order = 1)],
  [/a value is there twice/, ({ chat }) => chat.on.verbosity.list.push(chat.on.verbosity.list[1])],
  [/defaults.engine: is not in the list/, ({ completion }) => completion.on.engine.list.shift()],
  [/a \{\{PLACEHOLDER\}\} is left over/, ({ chat }) => (chat.on.prompt.tooltip = '{{LABEL}}.')],
];

for (const [violation, mistake] of operationMistakes) {
  test(`the rules reject operations with a mistake: ${violation.source}`, () => {
    const bad = broken(operations, ({ properties }) => mistake(properties));
    assert.match(operationsViolations(bad).join('\n'), violation);
  });
}

test('the rules reject a default without a field', () => {
  const bad = broken(operations, ({ defaults }) => (defaults.engines = 'auto'));
  assert.match(operationsViolations(bad).join('\n'), /defaults.engines: is not a field/);
});

test('the rules reject operations that are too large', () => {
  const violations = operationsViolations(operations, { size: MAX_OPERATIONS_BYTES + 1 });
  assert.match(violations.join('\n'), RegExp(`${MAX_OPERATIONS_BYTES + 1} bytes are too many`));
});

const manifestMistakes = [
  [/encrypted in ToolJet 3/, ({ source }) => delete source.options.apiKey.encrypted],
  [/encrypted in ToolJet 3/, ({ source }) => (source.options.base_url.encrypted = true)],
  [/encrypted in ToolJet 2/, ({ defaults }) => delete defaults.apiKey],
  [/encrypted in ToolJet 2/, ({ defaults }) => (defaults.apiKey.encrypted = false)],
  [/apiKey is not a password/, ({ properties }) => (properties.apiKey.type = 'text')],
  [/source.options differs/, ({ source }) => delete source.options.max_retries],
  [/is not lower_snake_case/, ({ properties }) => (properties.baseUrl = properties.base_url)],
  [/name or kind has changed/, ({ source }) => (source.kind = 'openai_native')],
  [/is not a V1 form/, (form) => (form['tj:version'] = '1.0.0')],
  [/exposedVariables lacks rawData/, ({ source }) => delete source.exposedVariables.rawData],
  [/required is not apiKey/, (form) => (form.required = [])],
  [/is not the \{value\} of a field/, (form) => (form.defaults.max_retries = 2)],
  [/type codehinter cannot be used/, ({ properties }) => (properties.headers.type = 'codehinter')],
  [/type plugin is unknown/, (form) => (form.type = 'plugin')],
  [/holds markup/, ({ properties }) => (properties.base_url.helpText = 'See <b>here</b>.')],
];

for (const { value: operation } of OPERATIONS) {
  test(`no two fields of ${operation} have the same label`, () => {
    const labels = listFields(operation).map(({ label }) => label);
    assert.deepEqual(labels, [...new Set(labels)]);
  });
}

for (const [violation, mistake] of manifestMistakes) {
  test(`the rules reject a manifest with a mistake: ${violation.source}`, () => {
    assert.match(manifestViolations(broken(manifest, mistake)).join('\n'), violation);
  });
}

const iconMistakes = [
  [/something other than shapes/, '</svg>', '<script/></svg>'],
  [/something other than shapes/, '</svg>', '<image/></svg>'],
  [/refers to something or runs/, '<path ', '<path onload="x" '],
  [/refers to something or runs/, '<path ', '<path fill="url(https://example.com)" '],
  [/no square viewBox/, 'viewBox="0 0 24 24"', ''],
  [/no square viewBox/, 'viewBox="0 0 24 24"', 'viewBox="0 0 24 32"'],
  [/too many/, '</svg>', `${' '.repeat(2_000)}</svg>`],
];

for (const [violation, part, replacement] of iconMistakes) {
  test(`the rules reject an icon with ${replacement.trim() || 'no viewBox'}`, () => {
    assert.match(iconViolations(icon.replace(part, replacement)).join('\n'), violation);
  });
}
