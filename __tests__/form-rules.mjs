/**
 * What ToolJet asks of a plugin's forms and icon, as checks that return complaints.
 * The field types are those of ToolJet's schemas, the attributes those that its form engine draws.
 */
import { isDeepStrictEqual } from 'node:util';
import humps from 'humps';
import { readHint } from '../scripts/docs.mjs';

const flip = 'dropdown-component-flip';

const manifestFrame = {
  topTypes: ['ai', 'api', 'cloud-storage', 'database', 'object'],
  fieldTypes: [
    ...['array', 'boolean', 'dropdown', flip, 'dynamic-selector', 'number', 'password', 'string'],
    ...['react-component-google-sheets', 'react-component-headers', 'react-component-oauth'],
    ...['react-component-oauth-authentication', 'react-component-openapi-validator'],
    ...['react-component-sharepoint', 'react-component-slack', 'react-component-zendesk'],
    ...['react-form-component', 'text', 'textarea', 'toggle'],
  ],
  attributes: {
    password: ['label', 'key', 'type', 'helpText'],
    text: ['label', 'key', 'type', 'description', 'helpText'],
    'react-component-headers': ['label', 'key', 'type', 'tooltip'],
  },
};

const operationsFrame = {
  topTypes: ['api', 'cloud-storage', 'database'],
  fieldTypes: [
    ...['checkbox-group', 'codehinter', 'columns', 'dropdown', flip, 'dynamic-selector'],
    ...['filters', 'react-component-api-endpoint', 'react-component-api-endpoint-old'],
    ...['react-component-headers', 'react-component-key-value-tabs', 'react-component-sort'],
    ...['react-component-sql-aggregate', 'react-component-sql-columns'],
    ...['react-component-sql-filters', 'react-component-sql-groupby', 'react-component-sql-sort'],
    ...['sorts', 'toggle'],
  ],
  // The query editor draws no help beside a flip: its names have to speak for themselves.
  attributes: {
    codehinter: ['label', 'key', 'type', 'placeholder', 'tooltip', 'height', 'mode'],
    dropdown: ['label', 'key', 'type', 'list', 'tooltip'],
    [flip]: ['label', 'key', 'type', 'list'],
  },
};

/** Joined into every list of data sources that ToolJet's server answers. */
const largestOperations = 24_000;
const largestIcon = 2_000;

/** Keys that saved data sources hold since 2023; all others are lower_snake_case. */
const oldKeys = ['apiKey', 'organizationId'];

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isField = (node) => isObject(node) && typeof node.type === 'string';
const isSnakeCase = (name) => /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name);
const when = (wrong, complaint) => (wrong ? [complaint] : []);

/** Every member of a form with its path, parents first. */
function* members(node, path = []) {
  for (const [name, value] of Object.entries(node)) {
    yield { name, value, path: [...path, name].join('.') };
    if (typeof value === 'object' && value !== null) yield* members(value, [...path, name]);
  }
}

export const fieldsOf = (node) =>
  [...members(node)].filter(({ value }) => isField(value)).map(({ value }) => value);

function frameComplaints(form, { topTypes, fieldTypes, attributes }) {
  const topType = [form.type].flat();
  return [
    ...['title', 'description'].flatMap((name) =>
      when(typeof form[name] !== 'string', `${name} is no text`),
    ),
    ...when(!topType.every((type) => topTypes.includes(type)), `type ${form.type} is unknown`),
    ...when(!isObject(form.defaults), 'defaults is no object'),
    ...when(!isObject(form.properties), 'properties is no object'),
    ...when(/\{\{\s*[A-Z_]+\s*\}\}/.test(JSON.stringify(form)), 'a placeholder is left over'),
    ...[...members(form.properties)]
      .filter(({ value }) => isField(value))
      .flatMap(({ name, value, path }) => [
        ...when(!fieldTypes.includes(value.type), `${path}: type ${value.type} is unknown`),
        ...when(value.key !== name, `${path}: key ${value.key} differs from the name`),
        ...Object.keys(value)
          .filter((attribute) => !attributes[value.type]?.includes(attribute))
          .map((attribute) => `${path}: ${attribute} is not drawn for ${value.type}`),
        ...textComplaints(value, path),
      ]),
  ];
}

function textComplaints(field, path) {
  const help = field.tooltip ?? field.helpText;
  return [
    ...when(!field.label, `${path}: has no label`),
    ...when(field.type !== flip && !help, `${path}: has no help`),
    ...when(help && !help.endsWith('.'), `${path}: help is no sentence`),
    ...when(/[<>!]/.test(help), `${path}: help holds markup or shouts`),
    ...['placeholder', 'description']
      .filter((name) => name in field && !readHint(field[name]))
      .map((name) => `${path}: ${name} does not say what is accepted and the default`),
    ...when(field.type === 'codehinter' && !field.placeholder, `${path}: has no placeholder`),
  ];
}

export function manifestComplaints(manifest) {
  const { source, properties, required, defaults } = manifest;
  const keys = Object.keys(properties);
  return [
    ...frameComplaints(manifest, manifestFrame),
    ...when(source?.name !== 'OpenAI' || source?.kind !== 'openai', 'name or kind has changed'),
    ...when('tj:source' in manifest || 'tj:version' in manifest, 'is not a V1 form'),
    ...['isLoading', 'data', 'rawData']
      .filter((name) => !(name in (source?.exposedVariables ?? {})))
      .map((name) => `exposedVariables lacks ${name}`),
    ...when(
      !isDeepStrictEqual(Object.keys(source?.options ?? {}).sort(), keys.toSorted()),
      'source.options differs from properties',
    ),
    ...Object.entries(source?.options ?? {}).flatMap(([key, option]) =>
      when(
        (option.encrypted === true) !== (properties[key]?.type === 'password'),
        `${key}: exactly the password fields are encrypted`,
      ),
    ),
    ...when(properties.apiKey?.type !== 'password', 'apiKey is no password field'),
    ...when(!isDeepStrictEqual(required, ['apiKey']), 'required is not apiKey'),
    ...keys
      .filter((key) => !oldKeys.includes(key) && !isSnakeCase(key))
      .map((key) => `${key}: is not lower_snake_case`),
    ...Object.entries(defaults ?? {})
      .filter(([key, option]) => !keys.includes(key) || !('value' in Object(option)))
      .map(([key]) => `defaults.${key}: is no {value} of a field`),
  ];
}

export function operationsComplaints(operations, size = JSON.stringify(operations).length) {
  const { properties, defaults } = operations;
  return [
    ...frameComplaints(operations, operationsFrame),
    ...when(size > largestOperations, `${size} bytes are too many`),
    ...when(
      !isDeepStrictEqual(humps.decamelizeKeys(operations), operations),
      'some keys change when ToolJet de-camelises them',
    ),
    ...groupComplaints(properties, 'properties'),
    ...Object.entries(properties)
      .filter(([, group]) => !isField(group))
      .flatMap(([operation, group]) => repeatedKeys(group, operation)),
    ...fieldsOf(properties).flatMap((field) => [
      ...when(!isSnakeCase(field.key), `${field.key}: is not lower_snake_case`),
      ...listComplaints(field, defaults),
    ]),
    ...Object.keys(defaults)
      .filter((key) => !fieldsOf(properties).some((field) => field.key === key))
      .map((key) => `defaults.${key}: is no field`),
  ];
}

/** A group is drawn below a flip whose value is the group's name, and only there. */
function groupComplaints(node, path) {
  const entries = Object.entries(node);
  const groups = entries.filter(([, value]) => !isField(value));
  const shown = entries
    .filter(([, value]) => value.type === flip)
    .flatMap(([, { list }]) => list.map(({ value }) => value));
  return [
    ...shown
      .filter((value) => isField(node[value]) || !isObject(node[value]))
      .map((value) => `${path}: value ${value} has no group`),
    ...groups
      .filter(([name]) => !shown.includes(name))
      .map(([name]) => `${path}: group ${name} is never shown`),
    ...groups.flatMap(([name, group]) => groupComplaints(group, `${path}.${name}`)),
  ];
}

function repeatedKeys(group, operation) {
  const keys = fieldsOf(group).map(({ key }) => key);
  return keys
    .filter((key, at) => keys.indexOf(key) !== at)
    .map((key) => `${operation}: ${key} stands twice`);
}

function listComplaints({ key, type, list }, defaults) {
  if (!list) return when(type === flip || type === 'dropdown', `${key}: has no list`);
  const values = list.map(({ value }) => value);
  const first = list[0];
  return [
    ...list
      .filter((item) => !isDeepStrictEqual(Object.keys(item).sort(), ['name', 'value']))
      .map((item) => `${key}: ${item.value} is not {name, value}`),
    ...when(!values.every((value) => typeof value === 'string'), `${key}: a value is no text`),
    ...when(new Set(values).size !== values.length, `${key}: a value stands twice`),
    ...(key in defaults
      ? when(!values.includes(defaults[key]), `defaults.${key}: is not in the list`)
      : when(
          first.value !== '' || first.name !== 'Model default',
          `${key}: begins with no way to leave it unset`,
        )),
  ];
}

export function iconComplaints(svg) {
  const [, side] = /^<svg [^>]*viewBox="0 0 (\d+) \1"/.exec(svg) ?? [];
  return [
    ...when(!side, 'has no square viewBox that starts at 0 0'),
    ...when(!svg.includes('xmlns="http://www.w3.org/2000/svg"'), 'has no namespace'),
    ...when(svg.length > largestIcon, `${svg.length} bytes are too many`),
    ...when(
      /<(script|style|image|use|foreignObject|text|!|\?)/.test(svg),
      'holds something other than shapes',
    ),
    ...when(/\son\w+=|href|url\(|javascript:/.test(svg), 'refers to something or runs something'),
  ];
}
