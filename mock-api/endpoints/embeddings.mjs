import { badRequest } from '../api-failure.mjs';
import { checkContext, servedModel } from '../models.mjs';
import { array, checkParameters, either, integer, oneOf, string } from '../parameters.mjs';
import { countTokens, fraction } from '../tokens.mjs';

const RULES = {
  required: ['model', 'input'],
  parameters: {
    model: string(),
    input: either(
      string(),
      array(string(), { min: 1, max: 2048 }),
      array(integer(0), { min: 1, max: 2048 }),
      array(array(integer(0), { min: 1 }), { min: 1, max: 2048 }),
    ),
    encoding_format: oneOf('float', 'base64'),
    dimensions: integer(1),
    user: string(),
  },
};

/** Of all inputs together. */
const MAX_TOKENS = 300_000;
const DIMENSIONS = {
  'text-embedding-3-small': 1536,
  'text-embedding-3-large': 3072,
  'text-embedding-ada-002': 1536,
};
const FIXED_DIMENSIONS = ['text-embedding-ada-002'];

function readInputs(input) {
  if (typeof input === 'string') return [input];
  if (typeof input[0] === 'number') return [input.join(' ')];
  return input.map((each) => (typeof each === 'string' ? each : each.join(' ')));
}

function readDimensions(body) {
  const most = DIMENSIONS[body.model];
  if (body.dimensions === undefined) {
    return most;
  }
  if (FIXED_DIMENSIONS.includes(body.model)) {
    throw badRequest('This model does not support specifying dimensions.', 'dimensions');
  }
  integer(1, most)('dimensions', body.dimensions);
  return body.dimensions;
}

/** Words count and their order does not: strings that share words have similar vectors. */
function embed(text, dimensions) {
  const vector = new Array(dimensions).fill(0);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  for (const word of words) {
    for (let seed = 0; seed < 4; seed += 1) {
      const at = Math.floor(fraction(`${word} ${seed}`) * dimensions) % dimensions;
      vector[at] += fraction(`${word} weight ${seed}`) - 0.5;
    }
  }
  const length = Math.hypot(...vector);
  return vector.map((value) => Math.fround(value / length));
}

const base64 = (vector) => Buffer.from(Float32Array.from(vector).buffer).toString('base64');

function embeddings(body) {
  checkParameters(body, RULES);
  const model = servedModel(body.model, 'embeddings');
  const dimensions = readDimensions(body);
  const inputs = readInputs(body.input);
  if (inputs.some((input) => input === '')) {
    throw badRequest("Invalid 'input': input cannot be an empty string.", 'input');
  }
  const tokens = inputs.map(countTokens);
  checkContext(model, Math.max(...tokens), 'input');
  const total = tokens.reduce((sum, count) => sum + count, 0);
  if (total > MAX_TOKENS) {
    throw badRequest(
      `Requested ${total} tokens, max ${MAX_TOKENS} tokens per request`,
      null,
      'max_tokens_per_request',
    );
  }
  return {
    object: 'list',
    data: inputs.map((input, index) => {
      const vector = embed(input, dimensions);
      return {
        object: 'embedding',
        index,
        embedding: body.encoding_format === 'base64' ? base64(vector) : vector,
      };
    }),
    model: model.resolved,
    usage: { prompt_tokens: total, total_tokens: total },
  };
}

export default {
  path: '/embeddings',
  serves: 'embeddings',
  answer: embeddings,
  example: {
    model: 'text-embedding-3-small',
    input: ['a', 'b'],
    dimensions: 4,
    encoding_format: 'float',
    user: 'u',
  },
};
