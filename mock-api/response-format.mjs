import { answerTo } from './answers.mjs';
import { badRequest } from './api-failure.mjs';
import {
  boolean,
  isObject,
  object,
  oneOf,
  orNull,
  string,
  unknownParameter,
} from './parameters.mjs';
import { valueFor } from './schema-values.mjs';

function checkStrict(schema, invalid, context = '()') {
  const invalidHere = (what) => invalid(`In context=${context}, ${what}`);
  if (!isObject(schema)) {
    return;
  }
  if (schema.type === 'object' || schema.properties) {
    if (schema.additionalProperties !== false) {
      throw invalidHere("'additionalProperties' is required to be supplied and to be false.");
    }
    const properties = Object.keys(schema.properties ?? {});
    const missing = properties.filter((name) => !schema.required?.includes(name));
    if (missing.length > 0) {
      throw invalidHere(
        `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing[0]}'.`,
      );
    }
  }
  const parts = {
    ...schema.properties,
    ...schema.$defs,
    ...(schema.items && { items: schema.items }),
    ...schema.anyOf,
  };
  for (const [name, part] of Object.entries(parts)) {
    checkStrict(part, invalid, `('properties', '${name}')`);
  }
}

/** Checks the name and the content of a JSON schema; `whole` is the name in errors about it. */
function checkJsonSchema(name, value, whole) {
  object(name, value);
  string(64)(`${name}.name`, value.name);
  if (!/^[a-zA-Z0-9_-]+$/.test(value.name)) {
    throw badRequest(
      `Invalid '${name}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      `${name}.name`,
      'invalid_value',
    );
  }
  orNull(boolean)(`${name}.strict`, value.strict ?? null);
  if (value.description !== undefined) string()(`${name}.description`, value.description);
  if (value.schema === undefined) {
    return;
  }
  object(`${name}.schema`, value.schema);
  const invalid = (what) =>
    badRequest(
      `Invalid schema for response_format '${value.name}': ${what}`,
      whole.param,
      whole.code,
    );
  if (value.schema.type !== 'object') {
    throw invalid(
      `schema must be a JSON Schema of 'type: "object"', got 'type: "${value.schema.type ?? 'None'}"'.`,
    );
  }
  if (value.strict) {
    checkStrict(value.schema, invalid);
  }
}

const TYPES = oneOf('text', 'json_object', 'json_schema');

export function responseFormat(name, value) {
  object(name, value);
  TYPES(`${name}.type`, value.type);
  if (value.type === 'json_schema') {
    checkJsonSchema(`${name}.json_schema`, value.json_schema, { param: name });
  }
}

const FLAT = ['type', 'name', 'schema', 'description', 'strict'];

/**
 * The format in the shape of the Responses API, where the schema's members are next to the type.
 */
export function textFormat(name, value) {
  object(name, value);
  TYPES(`${name}.type`, value.type);
  const members = value.type === 'json_schema' ? FLAT : ['type'];
  const unknown = Object.keys(value).find((member) => !members.includes(member));
  if (unknown !== undefined) {
    throw unknownParameter(`${name}.${unknown}`);
  }
  if (value.type === 'json_schema') {
    object(`${name}.schema`, value.schema);
    const whole = { param: `${name}.schema`, code: 'invalid_json_schema' };
    checkJsonSchema(name, value, whole);
  }
}

/** The same format in the shape of Chat Completions. */
export const asResponseFormat = ({ type, ...schema }) =>
  type === 'json_schema' ? { type, json_schema: schema } : { type };

const mentionsJson = (texts) => texts.some((text) => /json/i.test(text));

export function checkMentionsJson(format, texts) {
  if (format?.type === 'json_object' && !mentionsJson(texts)) {
    throw badRequest(
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      'messages',
    );
  }
}

/** The Responses API does not look for the word in its instructions. */
export function checkInputMentionsJson(format, texts) {
  if (format?.type === 'json_object' && !mentionsJson(texts)) {
    throw badRequest(
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
      'input',
    );
  }
}

/** Returns the answer as JSON text if the request asks for it, otherwise undefined. */
export function jsonAnswer(format, prompt) {
  if (format?.type === 'json_object') {
    return JSON.stringify({ answer: answerTo(prompt) });
  }
  if (format?.type === 'json_schema') {
    return JSON.stringify(valueFor(format.json_schema.schema ?? { type: 'object' }, { prompt }));
  }
  return undefined;
}
