import { dropdown, text, wholeNumber } from '../controls.mjs';
import { DEFAULT_EMBEDDING_MODEL } from '../core.mjs';
import { extraBody, result, sharedWithChat } from '../shared-fields.mjs';

const embeddingExtraBody = extraBody('embedding_extra_body', {
  placeholder: 'e.g. {"user": "u-17"}',
});

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
};
