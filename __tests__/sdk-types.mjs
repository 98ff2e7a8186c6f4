// Schemas of endpoints that our copy of OpenAI's document does not have, written from the types of its library for Node
// (`openai` 7.57.0 on npm).

const object = (properties, required, more) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
  ...more,
});
const text = { type: 'string' };
const nullable = (schema) => ({ anyOf: [schema, { type: 'null' }] });
const word = (value) => ({ const: value });
const count = { type: 'integer', minimum: 0 };
const share = { type: 'number', minimum: 0, maximum: 1 };

const questions = [
  object({ type: word('predicate'), instructions: text, name: text }, ['type', 'instructions']),
  object(
    {
      type: word('choice'),
      instructions: text,
      choices: {
        type: 'array',
        minItems: 2,
        maxItems: 255,
        items: object({ value: { type: ['string', 'boolean'] }, description: text }, ['value']),
      },
      name: text,
    },
    ['type', 'instructions', 'choices'],
  ),
  object(
    {
      type: word('score'),
      instructions: text,
      levels: {
        type: 'array',
        minItems: 2,
        maxItems: 10,
        items: object({ label: text, description: text }, ['label']),
      },
      name: text,
    },
    ['type', 'instructions', 'levels'],
  ),
];
const named = { name: nullable(text) };
const answers = [
  object({ type: word('predicate'), ...named, probability: share }, [
    'type',
    'name',
    'probability',
  ]),
  object(
    {
      type: word('choice'),
      ...named,
      choice: { type: ['string', 'boolean'] },
      confidence: share,
      probabilities: {
        type: 'array',
        items: object({ value: { type: ['string', 'boolean'] }, probability: share }, [
          'value',
          'probability',
        ]),
      },
    },
    ['type', 'name', 'choice', 'confidence', 'probabilities'],
  ),
  object(
    {
      type: word('score'),
      ...named,
      score: { type: 'number' },
      confidence: share,
      probabilities: {
        type: 'array',
        items: object({ label: text, value: { type: 'integer' }, probability: share }, [
          'label',
          'value',
          'probability',
        ]),
      },
    },
    ['type', 'name', 'score', 'confidence', 'probabilities'],
  ),
  object({ type: word('refusal'), ...named }, ['type', 'name']),
];

const json = (schema) => ({ content: { 'application/json': { schema } } });

const time = { type: 'integer' };
// The API sends null for what is not there.
const file = object(
  {
    id: text,
    bytes: count,
    created_at: time,
    expires_at: nullable(time),
    filename: text,
    object: word('file'),
    purpose: { enum: ['batch', 'batch_output', 'user_data', 'vision', 'fine-tune', 'assistants'] },
    status: { enum: ['uploaded', 'processed', 'error'] },
    status_details: nullable(text),
  },
  ['id', 'bytes', 'created_at', 'filename', 'object', 'purpose', 'status'],
);
// The file itself is beside the fields: see mock-api/upload.mjs.
const upload = object(
  {
    purpose: { enum: ['assistants', 'batch', 'evals', 'fine-tune', 'user_data', 'vision'] },
    'expires_after[anchor]': word('created_at'),
    'expires_after[seconds]': { type: 'string', pattern: '^[0-9]+$' },
  },
  ['purpose'],
);
/** A line of the file of a batch; OpenAI's guide has it, and not its library. */
export const BATCH_ROW = object(
  { custom_id: text, method: word('POST'), url: text, body: { type: 'object' } },
  ['custom_id', 'method', 'url', 'body'],
);

export const PATHS = {
  '/v1/files': {
    post: {
      requestBody: { content: { 'multipart/form-data': { schema: upload } } },
      responses: { 200: json(file) },
    },
  },
  '/v1/files/{file_id}/content': { get: { responses: {} } },
  '/v1/files/{file_id}': { get: { responses: { 200: json(file) } } },
  '/v1/batches/{batch_id}/cancel': {
    post: { responses: { 200: json({ $ref: '#/components/schemas/Batch' }) } },
  },
  '/v1/decisions': {
    post: {
      // `input` may also be a list of messages, which the plugin never sends.
      requestBody: json(
        object(
          {
            model: text,
            input: text,
            questions: { type: 'array', minItems: 1, maxItems: 400, items: { anyOf: questions } },
            prompt_cache_key: nullable(text),
            safety_identifier: nullable({ type: 'string', maxLength: 128 }),
          },
          ['model', 'input', 'questions'],
        ),
      ),
      responses: {
        200: json(
          object(
            {
              model: text,
              answers: { type: 'array', items: { anyOf: answers } },
              usage: object(
                {
                  input_tokens: count,
                  input_tokens_details: object(
                    { cache_write_tokens: count, cached_tokens: count },
                    ['cache_write_tokens', 'cached_tokens'],
                  ),
                  output_tokens: count,
                  output_tokens_details: object({ reasoning_tokens: count }, ['reasoning_tokens']),
                  total_tokens: count,
                },
                ['input_tokens', 'output_tokens', 'total_tokens'],
              ),
            },
            ['model', 'answers', 'usage'],
          ),
        ),
      },
    },
  },
};
