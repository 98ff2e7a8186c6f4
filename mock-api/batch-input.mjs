// Checks the file of a batch before it is run. The codes and words of OpenAI's API are known from public reports,
// except where a comment says that they are not.

import { findFile } from './files.mjs';
import { linesOf } from './lines.mjs';
import { servedModel } from './models.mjs';
import { isObject } from './parameters.mjs';

const MAX_ROWS = 50_000;
/** How many errors are listed; how many the API lists is not known. */
const MAX_ERRORS = 100;

/** By endpoint: the kind of its models, and the name and the key of what each request must have. */
export const BATCH_ENDPOINTS = {
  '/v1/chat/completions': { serves: 'chat', name: 'Messages', required: 'messages' },
  '/v1/completions': { serves: 'completions', name: 'Prompt', required: 'prompt' },
  '/v1/embeddings': { serves: 'embeddings', name: 'Input', required: 'input' },
  '/v1/responses': { serves: 'responses', name: 'Input', required: 'input' },
};

const invalid = (message, param = null) => ({ code: 'invalid_request', message, param });

const OF_ROW = ['custom_id', 'method', 'url', 'body'];

/** What is wrong with a row, whatever the others are. */
function problemOf(row, endpoint) {
  const absent = OF_ROW.find((name) => row[name] === undefined);
  if (absent) {
    return {
      code: 'missing_required_parameter',
      message: `Missing required parameter: '${absent}'.`,
      param: absent,
    };
  }
  if (row.method !== 'POST') {
    // Its words are not known.
    return invalid(`Invalid value: '${row.method}'. Supported values are: 'POST'.`, 'method');
  }
  if (row.url !== endpoint) {
    return {
      code: 'invalid_url',
      message: 'The URL provided for this request does not match the batch endpoint.',
      param: 'url',
    };
  }
  const { serves, name, required } = BATCH_ENDPOINTS[endpoint];
  if (!row.body.model) return invalid('Model parameter is required.', 'body.model');
  if (row.body[required] === undefined) {
    return invalid(`${name} parameter is required.`, `body.${required}`);
  }
  if (row.body.stream) {
    return {
      code: 'streaming_unsupported',
      message: 'Chat Completions: Streaming is not supported in the Batch API.',
      param: 'body.stream',
    };
  }
  try {
    servedModel(row.body.model, serves);
    return undefined;
  } catch {
    return {
      code: 'model_not_found',
      message: `The provided model '${row.body.model}' is not supported by the Batch API.`,
      param: 'body.model',
    };
  }
}

/** What is wrong with a row beside those before it. */
function conflictOf(row, { ids, model }) {
  if (ids.has(row.custom_id)) {
    return {
      code: 'duplicate_custom_id',
      message:
        'The custom_id for this request is a duplicate of another request. The custom_id parameter must be unique for each request in a batch.',
      param: 'custom_id',
    };
  }
  if (model !== undefined && row.body.model !== model) {
    return {
      code: 'mismatched_model',
      message: `The model '${row.body.model}' for this request does not match the rest of the batch. Each batch must contain requests for a single model.`,
      param: 'body.model',
    };
  }
  return undefined;
}

function parsedRow(text) {
  try {
    const row = JSON.parse(text);
    return isObject(row) ? row : undefined;
  } catch {
    return undefined;
  }
}

const NOT_JSON = {
  code: 'invalid_json_line',
  message: 'This line is not parseable as valid JSON.',
  param: null,
};

const countInputs = ({ input }) => (Array.isArray(input) ? input.length : 1);

// The words of both are not known.
const tooMany = (what, count) => ({
  code: 'too_many_tasks',
  message: `The number of ${what} in the input file exceeds the maximum allowed value of ${MAX_ROWS}. It has ${count}.`,
  param: null,
});

function problemOfFile(file, id) {
  if (!file) {
    const message = `Cannot find file ${id}, or organization org-mock-api does not have access to it.`;
    return invalid(message, 'file_id');
  }
  // Its words are not known.
  return file.purpose === 'batch'
    ? undefined
    : invalid(`The file ${id} was uploaded for the purpose '${file.purpose}'.`, 'file_id');
}

/** Reads the file of a batch: the `errors` in it, the `model` of its rows, and at which `offsets` of its `content` they lie. */
export async function readInput(store, { input_file_id: id, endpoint }) {
  const errors = [];
  const report = (problem, line = null) => {
    if (problem && errors.length < MAX_ERRORS) errors.push({ ...problem, line });
  };
  const file = findFile(store, id);
  const ids = new Set();
  const offsets = [];
  let model;
  let inputs = 0;
  report(problemOfFile(file, id));
  if (errors.length > 0) return { errors };
  for await (const { text, start, end } of linesOf(file.content.pieces())) {
    offsets.push({ start, end });
    const row = parsedRow(text);
    const problem = row ? (problemOf(row, endpoint) ?? conflictOf(row, { ids, model })) : NOT_JSON;
    report(problem, offsets.length);
    if (problem) continue;
    ids.add(row.custom_id);
    model ??= row.body.model;
    inputs += countInputs(row.body);
  }
  if (offsets.length > MAX_ROWS) report(tooMany('requests', offsets.length));
  else if (endpoint === '/v1/embeddings' && inputs > MAX_ROWS) report(tooMany('inputs', inputs));
  return { errors, model, offsets, content: file.content };
}
