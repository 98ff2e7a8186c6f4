import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { BATCH_ROW, PATHS } from './sdk-types.mjs';

const document = JSON.parse(
  readFileSync(new URL('./openai-openapi/slim-strict.json', import.meta.url), 'utf8'),
);
// The document is from August 2026. The types of OpenAI's newest libraries (`openai` 7.57.0 on npm)
// allow more: a longer identifier, more image qualities and formats, the complexity, and any size
// even for edited images.
document.components.schemas.ModelResponseProperties.properties.safety_identifier.anyOf[0].maxLength = 128;
const { CreateImageRequest, EditImageBodyJsonParam } = document.components.schemas;
EditImageBodyJsonParam.properties.size = CreateImageRequest.properties.size;
for (const { properties } of [CreateImageRequest, EditImageBodyJsonParam]) {
  const { quality, output_format: format } = properties;
  (quality.enum ?? quality.anyOf[0].enum).push('xhigh', 'max');
  (format.enum ?? format.anyOf[0].enum).push('gif', 'svg');
  properties.complexity = { enum: ['low', 'medium', 'high', null] };
}

// The API sends null for what a batch does not have, as in the document's own example.
const { properties: ofBatch, required: everyBatchHas } = document.components.schemas.Batch;
for (const name of Object.keys(ofBatch).filter((each) => !everyBatchHas.includes(each))) {
  ofBatch[name] = { anyOf: [ofBatch[name], { type: 'null' }] };
}

Object.assign(document.paths, PATHS);
document.components.schemas.BatchRow = BATCH_ROW;

const ajv = addFormats.default(
  new Ajv2020.default({ strict: false, allErrors: true, validateFormats: true }),
);
ajv.addFormat('unixtime', { type: 'number', validate: Number.isInteger });
ajv.addFormat('int64', { type: 'number', validate: Number.isInteger });
ajv.addSchema(document, 'openai');

/** The document for requests, corrected in two places that no valid request matches. */
function documentOfRequests() {
  const { schemas } = structuredClone(document.components);
  // Exactly one schema must match, but a user's message with parts matches two: EasyInputMessage
  // and InputMessage.
  schemas.InputItem = { ...schemas.InputItem, anyOf: schemas.InputItem.oneOf, oneOf: undefined };
  // The API finds reasoning by id only if it stored it, and returns 404 otherwise. So it is sent
  // the encrypted content instead.
  schemas.ReasoningItem.required = ['type', 'summary'];
  return { ...document, components: { ...document.components, schemas } };
}
ajv.addSchema(JSON.parse(JSON.stringify(documentOfRequests())), 'openai-requests');

const pointer = (name, ...keys) =>
  `${name}#/${keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

function operationAt(method, path) {
  const template = Object.keys(document.paths).find((each) =>
    new RegExp(`^${each.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path),
  );
  const operation = document.paths[template]?.[method.toLowerCase()];
  if (!operation) {
    throw new Error(
      `our copy of OpenAI's document has no ${method} ${path}: cut it from the document as __tests__/openai-openapi/README.md says, or, if it is not there either, write its schema in __tests__/sdk-types.mjs`,
    );
  }
  return { template, operation, keys: ['paths', template, method.toLowerCase()] };
}

const JSON_SCHEMA = ['content', 'application/json', 'schema'];
/** Forms are validated as the mock API reads them: as an object in which a file is a string. */
const FORM_SCHEMA = ['content', 'multipart/form-data', 'schema'];

function violations(reference, body) {
  const validate = ajv.getSchema(reference);
  return validate(body)
    ? []
    : validate.errors.map(
        ({ instancePath, message, params }) =>
          `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
      );
}

/** Whether the document describes requests to `path`. */
export const isDocumented = (path) => document.paths[path]?.post !== undefined;

/** Finds what OpenAI's document rejects in this request body; an empty list if it fits. */
export function validateRequest(method, path, body) {
  const { operation, keys } = operationAt(method, path);
  if (!operation.requestBody) return body === undefined ? [] : ['/ takes no body'];
  const schema = operation.requestBody.content['application/json'] ? JSON_SCHEMA : FORM_SCHEMA;
  return violations(pointer('openai-requests', ...keys, 'requestBody', ...schema), body);
}

/** Finds what OpenAI rejects in this line of the file of a batch; an empty list if it fits. */
export function validateBatchRow(row) {
  const found = violations(pointer('openai', 'components', 'schemas', 'BatchRow'), row);
  return found.length > 0 ? found : validateRequest('POST', row.url, row.body);
}

/** Finds what OpenAI's document rejects in this response; an empty list if it fits. */
export function validateResponse(method, path, status, body) {
  const { keys, operation } = operationAt(method, path);
  return status < 400 && operation.responses[status]
    ? violations(pointer('openai', ...keys, 'responses', String(status), ...JSON_SCHEMA), body)
    : violations(pointer('openai', 'components', 'schemas', 'ErrorResponse'), body);
}

/** Finds what OpenAI's document rejects in this event of a stream of the Responses API. */
export function validateEvent(event) {
  // Among all event schemas, that of the event's type gives the best error.
  const { anyOf } = document.components.schemas.ResponseStreamEvent;
  const names = anyOf.map(({ $ref }) => $ref.split('/').at(-1));
  const typeOf = (name) => document.components.schemas[name].properties.type.enum[0];
  const name = names.find((each) => typeOf(each) === event.type);
  return name
    ? violations(pointer('openai', 'components', 'schemas', name), event)
    : [`no event has the type ${event.type}`];
}
