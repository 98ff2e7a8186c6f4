import { answerTo } from './answers.mjs';
import { badRequest } from './api-failure.mjs';
import { boolean, isObject, object, oneOf, orNull, string } from './parameters.mjs';
import { valueFor } from './schema-values.mjs';

function checkStrict(schema, title, context = '()') {
  const invalid = (what) =>
    badRequest(
      `Invalid schema for response_format '${title}': In context=${context}, ${what}`,
      'response_format',
    );
  if (!isObject(schema)) {
    return;
  }
  if (schema.type === 'object' || schema.properties) {
    if (schema.additionalProperties !== false) {
      throw invalid("'additionalProperties' is required to be supplied and to be false.");
    }
    const properties = Object.keys(schema.properties ?? {});
    const missing = properties.filter((name) => !schema.required?.includes(name));
    if (missing.length > 0) {
      throw invalid(
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
    checkStrict(part, title, `('properties', '${name}')`);
  }
}

function checkJsonSchema(name, value) {
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
  if (value.schema.type !== 'object') {
    throw badRequest(
      `Invalid schema for response_format '${value.name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${value.schema.type ?? 'None'}"'.`,
      'response_format',
    );
  }
  if (value.strict) {
    checkStrict(value.schema, value.name);
  }
}

export function responseFormat(name, value) {
  object(name, value);
  oneOf('text', 'json_object', 'json_schema')(`${name}.type`, value.type);
  if (value.type === 'json_schema') {
    checkJsonSchema(`${name}.json_schema`, value.json_schema);
  }
}

export function checkMentionsJson(body, texts) {
  if (body.response_format?.type === 'json_object' && !texts.some((text) => /json/i.test(text))) {
    throw badRequest(
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      'messages',
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
