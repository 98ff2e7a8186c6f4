import { badRequest } from '../../mock-api/api-failure.mjs';
import { checkContext, servedModel } from '../../mock-api/models.mjs';
import {
  array,
  checkParameters,
  either,
  integer,
  oneOf,
  string,
} from '../../mock-api/parameters.mjs';
import { countTokens, fraction } from '../../mock-api/tokens.mjs';
import { dropdown, text, wholeNumber } from '../controls.mjs';
import { DEFAULT_EMBEDDING_MODEL } from '../core.mjs';
import { extraBody, result, sharedWithChat } from '../shared-fields.mjs';

const embeddingExtraBody = extraBody('embedding_extra_body', {
  placeholder: 'e.g. {"user": "u-17"}',
});

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

/** Limit for all inputs together. */
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
  value: 'generate_embedding',
  order: 60,
  name: 'Generate embedding',
  types: 'EmbeddingOptions',
  summary: 'turns text into a vector',
  endpoints: ['/embeddings'],
  data: 'EmbeddingData',
  metadata: 'EmbeddingMetadata',
  declarations: `
/** A vector: numbers, or base64 text with \`encoding_format: 'base64'\`. */
export type Embedding = number[] | string;

export interface EmbeddingData {
  /** The vector of the first input. */
  embedding: Embedding;
  /** With several inputs: the vectors of all, in their order. */
  embeddings?: Embedding[];
}

export interface EmbeddingMetadata extends ModelMetadata {
  /** The model that answered. */
  model?: string;
}

/** Keys of queries saved with ToolJet's own openai plugin, in both spellings. */
export type SavedEmbeddingKey =
  | 'model_embedding'
  | \`input_\${'M' | '_m'}\${1 | 2 | 3}\`
  | \`encoding_format_\${'M' | '_m'}\${1 | 2 | 3}\`
  | \`dimensions_\${'M' | '_m'}\${1 | 2}\`;`,
  basic: [
    text('model_embedding', 'Model', {
      placeholder: `e.g. text-embedding-3-large; ${DEFAULT_EMBEDDING_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_EMBEDDING_MODEL,
      help: 'Any embedding model that the server knows.',
      models: 'embedding',
    }),
    text('input', 'Input', {
      control: 'editor',
      mode: 'text',
      placeholder: 'e.g. A calm sea, or a list such as ["a calm sea", "a storm"]',
      accepts: 'Text, or a JSON array of strings',
      fallback: 'Required, here or under a key of a saved query',
      type: 'TextOption | string[]',
      help: 'What to turn into vectors. Each string may have up to 8192 tokens. Long lists are sent in several requests.',
    }),
    wholeNumber('dimensions', 'Dimensions', {
      min: 1,
      placeholder: "e.g. 256; the model's full size if empty",
      fallback: 'set by the model',
      help: 'How many numbers each vector should have. For text-embedding-3 models and later.',
    }),
    dropdown('encoding_format', 'Encoding format', {
      choices: [
        ['Float', 'float'],
        ['Base64', 'base64'],
      ],
      fallback: '`float`',
      help: 'Float gives a list of numbers, Base64 a single string, a third as long. The API is asked for base64 either way.',
    }),
  ],
  advanced: [result, embeddingExtraBody],
  saved: [
    text('model', 'Model', {
      accepts: 'Model ID',
      fallback: 'none',
      help: 'Read if `model_embedding` is not set and this names an embedding model.',
    }),
    sharedWithChat(embeddingExtraBody, 'extra_body'),
  ],
  savedTypes: 'Partial<Record<SavedEmbeddingKey, unknown>>',
  mock: {
    '/embeddings': {
      serves: 'embeddings',
      answer: embeddings,
      example: {
        model: 'text-embedding-3-small',
        input: ['a', 'b'],
        dimensions: 4,
        encoding_format: 'float',
        user: 'u',
      },
    },
  },
};
