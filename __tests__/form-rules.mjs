/**
 * The rules for the two forms and the icon, as functions that return violations. The field types
 * are those of ToolJet's schemas, and the attributes those that ToolJet draws. The rest was seen in
 * the editor of 2.15.1.
 */
import { isDeepStrictEqual } from 'node:util';
import humps from 'humps';
import { MAX_PLACEHOLDER } from '../forms/controls.mjs';
import { codeFieldShape, isStoredEncrypted, TOOLJETS } from '../harness/forms.mjs';

const FLIP = 'dropdown-component-flip';

const manifestFrame = {
  topTypes: ['ai', 'api', 'cloud-storage', 'database', 'object'],
  fieldTypes: [
    ...['array', 'boolean', 'dropdown', FLIP, 'dynamic-selector', 'number', 'password', 'string'],
    ...['react-component-google-sheets', 'react-component-headers', 'react-component-oauth'],
    ...['react-component-oauth-authentication', 'react-component-openapi-validator'],
    ...['react-component-sharepoint', 'react-component-slack', 'react-component-zendesk'],
    ...['react-form-component', 'text', 'textarea', 'toggle'],
  ],
  attributes: {
    password: ['label', 'key', 'type', 'description', 'helpText'],
    text: ['label', 'key', 'type', 'description', 'helpText'],
    dropdown: ['label', 'key', 'type', 'list', 'tooltip'],
    'react-component-headers': ['label', 'key', 'type', 'tooltip'],
  },
};

// ToolJet's schema also has toggle and checkbox-group. In the query editor of 2.15.1 a toggle cannot
// be switched off again, and a checkbox-group writes [] when it is first drawn.
const operationsFrame = {
  topTypes: ['api', 'cloud-storage', 'database'],
  fieldTypes: ['codehinter', 'dropdown', FLIP],
  // No ToolJet draws help next to a flip, so its names must be clear alone.
  attributes: {
    codehinter: [
      ...['label', 'key', 'type', 'placeholder', 'tooltip', 'height', 'mode'],
      ...['lineNumbers', 'className'],
    ],
    dropdown: ['label', 'key', 'type', 'list', 'tooltip'],
    [FLIP]: ['label', 'key', 'type', 'list'],
  },
};

/** Only newer ToolJets draw it, so only the export for ToolJet's own repository has it. */
const SELECTOR = {
  type: 'dynamic-selector',
  attributes: ['label', 'key', 'type', 'fxEnabled', 'operation', 'description', 'tooltip'],
};

/** Needed by ToolJet 2 to draw a code field; ToolJet 3 de-camelizes and ignores it. */
const LOST_ATTRIBUTES = ['lineNumbers', 'className'];
/** A selector's attributes are read in both spellings. */
const SELECTOR_ATTRIBUTES = ['fxEnabled', 'invokeMethod'];

/**
 * The limit: ToolJet's server includes it in every list of data sources. A list repeats the fields
 * of Chat.
 */
export const MAX_OPERATIONS_BYTES = 128_000;
const MAX_ICON_BYTES = 2_000;

/** Keys of data sources saved since 2023; all others are lower_snake_case. */
const SAVED_SOURCE_KEYS = ['apiKey', 'organizationId'];

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isField = (node) => isObject(node) && typeof node.type === 'string';
const isSnakeCase = (name) => /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name);
const isSentenceCase = (label) =>
  /^[A-Z][a-z ()]*$/.test(label.replace(/ ?\b(API|ID|URL|JSON)\b/g, 'x').replace(/^x/, 'X'));
const when = (isWrong, violation) => (isWrong ? [violation] : []);

/** Lists every member of a form with its path, parents first. */
function* members(node, path = []) {
  for (const [name, value] of Object.entries(node)) {
    yield { name, value, path: [...path, name].join('.') };
    if (typeof value === 'object' && value !== null) yield* members(value, [...path, name]);
  }
}

const drawnIn = (node) =>
  [...members(node)].filter(({ value }) => isField(value)).map(({ value }) => value);

function frameViolations(form, { topTypes, fieldTypes, attributes }) {
  const topType = [form.type].flat();
  return [
    ...['title', 'description'].flatMap((name) =>
      when(typeof form[name] !== 'string', `${name} is not text`),
    ),
    ...when(!topType.every((type) => topTypes.includes(type)), `type ${form.type} is unknown`),
    ...when(!isObject(form.defaults), 'defaults is not an object'),
    ...when(!isObject(form.properties), 'properties is not an object'),
    ...when(/\{\{\s*[A-Z_]+\s*\}\}/.test(JSON.stringify(form)), 'a {{PLACEHOLDER}} is left over'),
    ...[...members(form.properties)]
      .filter(({ value }) => isField(value))
      .flatMap(({ name, value, path }) => [
        ...when(!fieldTypes.includes(value.type), `${path}: type ${value.type} cannot be used`),
        ...when(value.key !== name, `${path}: key ${value.key} differs from the name`),
        ...Object.keys(value)
          .filter((attribute) => !attributes[value.type]?.includes(attribute))
          .map((attribute) => `${path}: ${attribute} is not drawn for ${value.type}`),
        ...textViolations(value, path),
      ]),
  ];
}

function textViolations(field, path) {
  const { label = '', type } = field;
  const help = field.tooltip ?? field.helpText;
  const placeholder = field.placeholder ?? field.description;
  return [
    ...when(!isSentenceCase(label), `${path}: label “${label}” is not in sentence case`),
    ...when(type !== FLIP && !help, `${path}: has no help`),
    ...when(help && !help.endsWith('.'), `${path}: help is not a sentence`),
    ...when(/[<>!]/.test(help), `${path}: help holds markup or shouts`),
    ...when(type === 'codehinter' && !placeholder, `${path}: has no placeholder`),
    ...when(placeholder?.length > MAX_PLACEHOLDER, `${path}: placeholder is cut off`),
    ...when(
      /^(Text|Number|Whole number|JSON|URL)\b/.test(placeholder),
      `${path}: placeholder is a type, not an example`,
    ),
    ...when(
      type === 'codehinter' && codeFieldShape(field) === 'broken',
      `${path}: is misdrawn by ToolJet 2`,
    ),
  ];
}

export function manifestViolations(manifest) {
  const { source, properties, required, defaults } = manifest;
  const keys = Object.keys(properties);
  return [
    ...frameViolations(manifest, manifestFrame),
    ...when(source?.name !== 'OpenAI' || source?.kind !== 'openai', 'name or kind has changed'),
    ...when('tj:source' in manifest || 'tj:version' in manifest, 'is not a V1 form'),
    ...['isLoading', 'data', 'rawData']
      .filter((name) => !(name in (source?.exposedVariables ?? {})))
      .map((name) => `exposedVariables lacks ${name}`),
    ...when(
      !isDeepStrictEqual(Object.keys(source?.options ?? {}).sort(), keys.toSorted()),
      'source.options differs from properties',
    ),
    ...TOOLJETS.flatMap((tooljet) =>
      keys
        .filter(
          (key) =>
            (properties[key].type === 'password') !== isStoredEncrypted(manifest, key, tooljet),
        )
        .map((key) => `${key}: exactly the passwords are stored encrypted in ToolJet ${tooljet}`),
    ),
    ...when(properties.apiKey?.type !== 'password', 'apiKey is not a password field'),
    ...when(!isDeepStrictEqual(required, ['apiKey']), 'required is not apiKey'),
    ...keys
      .filter((key) => !SAVED_SOURCE_KEYS.includes(key) && !isSnakeCase(key))
      .map((key) => `${key}: is not lower_snake_case`),
    ...Object.entries(defaults ?? {})
      .filter(([key, option]) => !keys.includes(key) || !('value' in Object(option)))
      .map(([key]) => `defaults.${key}: is not the {value} of a field`),
  ];
}

const exportedFrame = {
  ...operationsFrame,
  fieldTypes: [...operationsFrame.fieldTypes, SELECTOR.type],
  attributes: { ...operationsFrame.attributes, [SELECTOR.type]: SELECTOR.attributes },
};

/** `isExported` for ToolJet's own repository, whose newest form can ask the plugin for lists. */
export function operationsViolations(
  operations,
  { size = JSON.stringify(operations).length, isExported = false } = {},
) {
  const { properties, defaults } = operations;
  const fields = drawnIn(properties);
  return [
    ...frameViolations(operations, isExported ? exportedFrame : operationsFrame),
    ...when(size > MAX_OPERATIONS_BYTES, `${size} bytes are too many`),
    ...when(
      !isDeepStrictEqual(
        humps.decamelizeKeys(keptAttributes(operations)),
        keptAttributes(operations),
      ),
      'some keys change when ToolJet 3 de-camelises them',
    ),
    ...shapeViolations(properties),
    ...labelViolations(fields),
    ...fields.flatMap((field) => [
      ...when(!isSnakeCase(field.key), `${field.key}: is not lower_snake_case`),
      ...listViolations(field, defaults),
    ]),
    ...Object.keys(defaults)
      .filter((key) => !fields.some((field) => field.key === key))
      .map((key) => `defaults.${key}: is not a field`),
  ];
}

/** Strips the attributes that may be lost. */
const keptAttributes = (form) =>
  JSON.parse(
    JSON.stringify(form, (name, value) =>
      [...LOST_ATTRIBUTES, ...SELECTOR_ATTRIBUTES].includes(name) ? undefined : value,
    ),
  );

/**
 * Checks for the shape that every ToolJet draws completely: each operation has a group, which
 * contains either fields only, or the Advanced switch only with its groups.
 */
function shapeViolations({ operation, ...groups }) {
  const values = operation.list.map(({ value }) => value);
  return [
    ...values.filter((value) => !groups[value]).map((value) => `${value}: has no group`),
    ...Object.keys(groups)
      .filter((name) => !values.includes(name))
      .map((name) => `${name}: is never shown`),
    ...Object.entries(groups).flatMap(([name, group]) => groupViolations(group, name)),
  ];
}

function groupViolations(group, path) {
  const flips = Object.values(group).filter(({ type }) => type === FLIP);
  if (flips.length === 0) {
    return Object.entries(group)
      .filter(([, entry]) => !isField(entry))
      .map(([name]) => `${path}.${name}: is never shown`);
  }
  const { advanced, off, undefined: unset, on, ...neighbors } = group;
  const [offKeys, onKeys] = [off, on].map((state) => Object.keys(state ?? {}));
  return [
    ...Object.keys(neighbors).map(
      (name) => `${path}.${name}: ToolJet 2 drops fields next to a flip`,
    ),
    ...when(
      !isDeepStrictEqual(
        advanced?.list.map(({ value }) => value),
        ['off', 'on'],
      ),
      `${path}: Advanced is not off and on`,
    ),
    ...when(!isDeepStrictEqual(off, unset), `${path}: off and undefined differ`),
    ...when(
      !off || !isDeepStrictEqual(onKeys.slice(0, offKeys.length), offKeys),
      `${path}: on does not begin with the fields of off`,
    ),
    ...when(onKeys.length <= offKeys.length, `${path}: on has no field of its own`),
  ];
}

/** Generate image takes no documents, and Start a batch has Chat's fields beside those of embeddings. */
const WITH_TWO_LABELS = ['images', 'model_embedding', 'embedding_extra_body'];

/** Operations share saved values, and the labels in error messages, by key. */
function labelViolations(fields) {
  const labels = new Map();
  for (const { key, label } of fields) labels.set(key, (labels.get(key) ?? new Set()).add(label));
  return [...labels]
    .filter(([key, known]) => known.size > (WITH_TWO_LABELS.includes(key) ? 2 : 1))
    .map(([key, known]) => `${key}: has the labels ${[...known].join(' and ')}`);
}

function listViolations({ key, type, list }, defaults) {
  if (!list) return when(type === FLIP || type === 'dropdown', `${key}: has no list`);
  const values = list.map(({ value }) => value);
  return [
    ...list
      .filter((item) => !isDeepStrictEqual(Object.keys(item).sort(), ['name', 'value']))
      .map((item) => `${key}: ${item.value} is not {name, value}`),
    ...when(!values.every((value) => typeof value === 'string'), `${key}: a value is not text`),
    ...when(values.includes(''), `${key}: an empty value cannot be chosen`),
    ...when(new Set(values).size !== values.length, `${key}: a value is there twice`),
    ...when(!values.includes(defaults[key]), `defaults.${key}: is not in the list`),
  ];
}

export function iconViolations(svg) {
  const [, side] = /^<svg [^>]*viewBox="0 0 (\d+) \1"/.exec(svg) ?? [];
  return [
    ...when(!side, 'has no square viewBox that starts at 0 0'),
    ...when(!svg.includes('xmlns="http://www.w3.org/2000/svg"'), 'has no namespace'),
    ...when(svg.length > MAX_ICON_BYTES, `${svg.length} bytes are too many`),
    ...when(
      /<(script|style|image|use|foreignObject|text|!|\?)/.test(svg),
      'contains something other than shapes',
    ),
    ...when(/\son\w+=|href|url\(|javascript:/.test(svg), 'refers to something or runs something'),
  ];
}
