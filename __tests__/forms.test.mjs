import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import humps from 'humps';
import { readForm, readHint } from '../scripts/docs.mjs';
import {
  fieldsOf,
  iconComplaints,
  manifestComplaints,
  operationsComplaints,
} from './form-rules.mjs';

const read = (name) => readFile(new URL(name, import.meta.url), 'utf8');
const manifest = await readForm('manifest.json');
const operations = await readForm('operations.json');
const icon = await read('../icon.svg');

/** A copy of a form in which `change` broke something. */
function broken(form, change) {
  const copy = structuredClone(form);
  change(copy);
  return copy;
}

test('the manifest keeps the rules of ToolJet', () => {
  assert.deepEqual(manifestComplaints(manifest), []);
});

test('the operations keep the rules of ToolJet', async () => {
  const size = Buffer.byteLength(await read('../operations.json'));
  assert.deepEqual(operationsComplaints(operations, size), []);
});

test('the icon keeps the rules of ToolJet', () => {
  assert.deepEqual(iconComplaints(icon), []);
});

test('the fields that most people need come first', () => {
  const firstKeys = (group, count) => Object.keys(group).slice(0, count);
  assert.deepEqual(firstKeys(manifest.properties, 4), [
    ...['apiKey', 'organizationId', 'base_url', 'project_id'],
  ]);
  const { completion, chat } = operations.properties;
  const classic = ['prompt', 'max_tokens', 'temperature', 'stop_sequence', 'suffix'];
  const labels = ['Prompt', 'Max Tokens', 'Temperature', 'Stop sequence', 'Suffix'];
  for (const branch of [completion, chat]) {
    assert.deepEqual(
      classic.map((key) => branch[key]?.label),
      labels,
    );
    assert.equal(branch.model.label, 'Model');
  }
});

test('the operations are those of saved apps, under the names of the document', () => {
  assert.deepEqual(
    operations.properties.operation.list.map(({ name, value }) => [value, name]),
    [
      ['completion', 'Completions'],
      ['chat', 'Chat'],
      ['image_generation', 'Generate image'],
      ['generate_embedding', 'Generate embedding'],
      ['list_models', 'List models'],
    ],
  );
  assert.equal(operations.defaults.operation, 'chat');
  assert.equal(operations.defaults.advanced, 'off');
});

test('a secret in a header is to be a workspace secret', () => {
  assert.match(manifest.properties.headers.tooltip, /\{\{secrets\.\w+\}\}/);
});

const requests = {
  completion: 'CreateCompletionRequest',
  chat: 'CreateChatCompletionRequest',
  image_generation: 'CreateImageRequest',
  generate_embedding: 'CreateEmbeddingRequest',
};
const api = JSON.parse(await read('openai-openapi/slim-strict.json')).components.schemas;

const resolved = (schema) => (schema?.$ref ? api[schema.$ref.split('/').at(-1)] : schema);

/** The properties of a request with those that it inherits. */
function propertiesOf(schema) {
  const { allOf = [], properties = {} } = resolved(schema);
  return Object.assign({}, ...allOf.map(propertiesOf), properties);
}

/** A property's schema and its alternatives, in one list. */
function alternatives(schema) {
  const { anyOf = [], oneOf = [], ...own } = resolved(schema);
  return [own, ...[...anyOf, ...oneOf].flatMap(alternatives)];
}

/** [operation, field, the alternatives of the API's parameter of the same name]. */
const documented = Object.entries(requests).flatMap(([operation, request]) => {
  const parameters = propertiesOf(api[request]);
  return fieldsOf(operations.properties[operation])
    .filter(({ key }) => key in parameters)
    .map((field) => [operation, field, alternatives(parameters[field.key])]);
});

/** The document allows 0, but nothing can be the best of fewer than one. */
const narrower = { best_of: 1 };

test('the ranges are those of the official document', () => {
  let checked = 0;
  for (const [operation, { key, placeholder }, schemas] of documented) {
    const range = schemas.find(({ minimum, maximum }) => minimum !== undefined && maximum > 0);
    if (!range || range.maximum > 2 ** 53) continue;
    const { accepts } = readHint(placeholder);
    const minimum = narrower[key] ?? range.minimum;
    const told = new RegExp(`from ${minimum} to ${range.maximum}$`);
    assert.match(accepts, told, `${operation}.${key}`);
    checked += 1;
  }
  assert.equal(checked, 13);
});

test('the choices are those of the official document', () => {
  let checked = 0;
  for (const [operation, { key, list }, schemas] of documented) {
    const choices = schemas
      .flatMap((schema) => schema.enum ?? [])
      .filter((value) => value !== null);
    if (!list || choices.length === 0) continue;
    const offered = list.map(({ value }) => value).filter((value) => value !== '');
    assert.deepEqual(offered.toSorted(), choices.toSorted(), `${operation}.${key}`);
    checked += 1;
  }
  assert.equal(checked, 7);
});

test('the defaults are those of the core', async () => {
  const core = (await read('../src/capabilities.rs')) + (await read('../src/options.rs'));
  const constant = (name) => new RegExp(`pub const ${name}: [^=]+ = "?([^";]+)"?;`).exec(core)?.[1];
  const { completion, chat, image_generation, generate_embedding } = operations.properties;
  for (const [name, hint] of [
    ['DEFAULT_COMPLETION_MODEL', completion.model.placeholder],
    ['DEFAULT_CHAT_MODEL', chat.model.placeholder],
    ['DEFAULT_IMAGE_MODEL', image_generation.model.placeholder],
    ['DEFAULT_EMBEDDING_MODEL', generate_embedding.model.placeholder],
    ['DEFAULT_TIMEOUT_SECONDS', manifest.properties.timeout_seconds.description],
    ['DEFAULT_MAX_RETRIES', manifest.properties.max_retries.description],
  ]) {
    assert.equal(readHint(hint).fallback, constant(name), name);
  }
});

test('ToolJet would change capital letters, and the check sees it', () => {
  assert.deepEqual(humps.decamelizeKeys({ input_M1: { helpText: 0 } }), {
    input__m1: { help_text: 0 },
  });
  const bad = broken(operations, ({ properties }) => {
    properties.Chat = properties.chat;
    properties.operation.list[1].value = 'Chat';
    delete properties.chat;
  });
  assert.match(operationsComplaints(bad).join('\n'), /change when ToolJet de-camelises/);
});

const operationMistakes = [
  [/chat: prompt stands twice/, ({ chat }) => (chat.on.prompt = chat.prompt)],
  [/value chat has no group/, (properties) => delete properties.chat],
  [/group of_old is never shown/, (properties) => (properties.of_old = {})],
  [/value on has no group/, ({ completion }) => delete completion.on],
  [/type text is unknown/, ({ chat }) => (chat.prompt.type = 'text')],
  [/helpText is not drawn/, ({ chat }) => (chat.prompt.helpText = 'Any text.')],
  [/tooltip is not drawn/, ({ chat }) => (chat.advanced.tooltip = 'More fields.')],
  [/key text differs/, ({ chat }) => (chat.prompt.key = 'text')],
  [/does not say/, ({ chat }) => (chat.temperature.placeholder = 'Enter from 0 to 1')],
  [/has no help/, ({ chat }) => delete chat.temperature.tooltip],
  [/begins with no way/, ({ chat }) => chat.on.verbosity.list.shift()],
  [/is not \{name, value\}/, ({ chat }) => (chat.on.verbosity.list[1].order = 1)],
  [/a value stands twice/, ({ chat }) => chat.on.verbosity.list.push(chat.on.verbosity.list[1])],
  [/defaults.engine: is not in the list/, ({ completion }) => completion.engine.list.shift()],
  [/defaults.engine: is no field/, ({ completion }) => delete completion.engine],
  [/a placeholder is left over/, ({ chat }) => (chat.prompt.label = '{{LABEL}}')],
];

for (const [complaint, mistake] of operationMistakes) {
  test(`operations with a mistake are refused: ${complaint.source}`, () => {
    const bad = broken(operations, ({ properties }) => mistake(properties));
    assert.match(operationsComplaints(bad).join('\n'), complaint);
  });
}

test('operations that are too large are refused', () => {
  assert.match(operationsComplaints(operations, 24_001).join('\n'), /24001 bytes are too many/);
});

const manifestMistakes = [
  [/password fields are encrypted/, ({ source }) => delete source.options.apiKey.encrypted],
  [/password fields are encrypted/, ({ source }) => (source.options.base_url.encrypted = true)],
  [/apiKey is no password field/, ({ properties }) => (properties.apiKey.type = 'text')],
  [/source.options differs/, ({ source }) => delete source.options.max_retries],
  [/is not lower_snake_case/, ({ properties }) => (properties.baseUrl = properties.base_url)],
  [/name or kind has changed/, ({ source }) => (source.kind = 'openai_native')],
  [/is not a V1 form/, (form) => (form['tj:version'] = '1.0.0')],
  [/exposedVariables lacks rawData/, ({ source }) => delete source.exposedVariables.rawData],
  [/required is not apiKey/, (form) => (form.required = [])],
  [/is no \{value\} of a field/, (form) => (form.defaults = { max_retries: 2 })],
  [/type codehinter is unknown/, ({ properties }) => (properties.headers.type = 'codehinter')],
  [/type plugin is unknown/, (form) => (form.type = 'plugin')],
  [/holds markup/, ({ properties }) => (properties.base_url.helpText = 'See <b>here</b>.')],
];

for (const [complaint, mistake] of manifestMistakes) {
  test(`a manifest with a mistake is refused: ${complaint.source}`, () => {
    assert.match(manifestComplaints(broken(manifest, mistake)).join('\n'), complaint);
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

for (const [complaint, part, replacement] of iconMistakes) {
  test(`an icon with ${replacement.trim() || 'no viewBox'} is refused`, () => {
    assert.match(iconComplaints(icon.replace(part, replacement)).join('\n'), complaint);
  });
}
