/**
 * Checked by the compiler, never run: `tsc -p __tests__`. An `@ts-expect-error` above a line that
 * compiles is itself an error, so each of these lines proves that a mistake is detected.
 */
import OpenAI, {
  type ChatOptions,
  type CompletionOptions,
  type EmbeddingOptions,
  type GeneratedImage,
  type JsonValue,
  type ListModelsOptions,
  type Operation,
  type OperationData,
  type OperationMetadata,
  type QueryBase,
  QueryError,
  type QueryOptions,
  type SavedEmbeddingKey,
  type SourceOptions,
} from '../index.js';
import type manifest from '../manifest.json';
import type operations from '../operations.json';

const plugin = new OpenAI();
const source: SourceOptions = { apiKey: 'sk-1' };

// The options are the fields of the forms, no more and no fewer.

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Form = typeof operations.properties;
type Group<B> = B extends { on: infer On } ? keyof On | 'advanced' : keyof B;
type Options<T> = Exclude<keyof T, keyof QueryBase | 'operation'>;
/** Old keys, which these forms do not show. */
type SavedKey = 'model' | 'n' | 'extra_body';

const sameSource: Same<keyof SourceOptions, keyof typeof manifest.properties> = true;
/** The options of an operation; old keys of others are not among them. */
type OptionsOf<O extends Operation> = Exclude<
  Options<Extract<QueryOptions, { operation: O }>>,
  O extends 'image_generation'
    ? SavedKey
    : O extends 'generate_embedding'
      ? Exclude<SavedEmbeddingKey, 'model_embedding'> | SavedKey
      : never
>;
/** The operations whose options differ from their form. */
type Different = {
  [O in Operation]: Same<OptionsOf<O>, Group<Form[O]>> extends true ? never : O;
}[Operation];
const sameOptions: Same<Different, never> = true;
const sameOperations: Same<Operation, Exclude<keyof Form, 'operation'>> = true;
const everyResult: Same<keyof OperationData & keyof OperationMetadata, Operation> = true;
// @ts-expect-error the two operations do not have the same fields
const differs: Same<Options<ChatOptions>, Group<Form['completion']>> = true;

// The data source

const full: SourceOptions = {
  apiKey: ' sk-1 ',
  organizationId: null,
  project_id: 'proj_1',
  base_url: '',
  headers: [
    ['x-team', 'blue'],
    ['', ''],
  ],
  timeout_seconds: '30',
  max_retries: 0,
};
// @ts-expect-error the key is required
const noKey: SourceOptions = { organizationId: 'org-1' };
// @ts-expect-error misspelled
const misspelled: SourceOptions = { apiKey: 'sk-1', baseUrl: 'https://example.com' };
// @ts-expect-error not pairs
const noPairs: SourceOptions = { apiKey: 'sk-1', headers: ['x-team', 'blue'] };

// Queries accept text or the real type

const chat: ChatOptions = {
  operation: 'chat',
  prompt: [{ type: 'text', text: 'Hello' }],
  message_history: [{ message: 'Hi', type: 'response', messageId: '1' }],
  max_tokens: '100',
  temperature: 0,
  stop_sequence: ['a', 'b'],
  advanced: 'on',
  images: [{ name: 'a.png', type: 'image/png', base64Data: 'AA==' }, 'https://example.com/a.png'],
  response_format: '',
  reasoning_effort: 'a newer one',
  web_search: 'on',
  search_domains: ['example.com'],
  tools: { f: { city: 'string', unit: ['c', 'f'], lines: [{ sku: 'string' }] }, g: 'what it does' },
  tool_choice: { type: 'function', name: 'f' },
  moderation: 'both',
  json_schema: '{"type":"object"}',
  query_timeout: 10_000,
};
const withTools: ChatOptions = {
  operation: 'chat',
  message_history: [
    { role: 'assistant', tool_calls: [{ id: 'c', name: 'f', arguments: { city: 'Oslo' } }] },
    { role: 'tool', tool_call_id: 'c', content: { degrees: 12 } },
  ],
  tools: [
    'f',
    { name: 'g', parameters: { type: 'object', properties: {} } },
    { type: 'function', function: { name: 'h' } },
  ],
  tool_choice: 'required',
};
const completion: CompletionOptions = { operation: 'completion', prompt: 7, echo: 'true', n: null };
const saved: EmbeddingOptions = {
  operation: 'generate_embedding',
  model_embedding: 'text-embedding-3-large',
  input_M2: 'one text',
  dimensions__m2: '256',
};
// @ts-expect-error an array is not a number
const arrayNumber: ChatOptions = { operation: 'chat', temperature: [1] };
// @ts-expect-error no such format
const format: ChatOptions = { operation: 'chat', response_format: 'xml' };
// @ts-expect-error no such engine
const engine: CompletionOptions = { operation: 'completion', prompt: 'a', engine: 'legacy' };
// @ts-expect-error the prompt is required
const noPrompt: CompletionOptions = { operation: 'completion' };
// @ts-expect-error no such operation
const noOperation: QueryOptions = { operation: 'completions', prompt: 'a' };
// @ts-expect-error list_models has no model
const listed: ListModelsOptions = { operation: 'list_models', model: 'gpt-6-sol' };
// @ts-expect-error there is no third saved dimension
const third: EmbeddingOptions = { operation: 'generate_embedding', dimensions_M3: 1 };
// @ts-expect-error a parameter is not a number
const parameter: ChatOptions = { operation: 'chat', tools: { f: { a: 5 } } };
// @ts-expect-error no such check
const level: ChatOptions = { operation: 'chat', moderation: 'low' };
// @ts-expect-error a country is not a list
const country: ChatOptions = { operation: 'chat', search_country: ['DE'] };
// @ts-expect-error on or off
const advanced: ChatOptions = { operation: 'chat', advanced: 'yes' };

// Results belong to their operation

export async function results() {
  const text: string | Array<string | null> = (await plugin.run(source, completion)).data;
  const { data, metadata } = await plugin.run(full, chat, 'source-environment', new Date());
  const value: JsonValue = data;
  const tokens: number | undefined = metadata.usage?.total_tokens;
  const called = (await plugin.run(source, withTools)).metadata;
  const city: JsonValue | undefined = called.tool_calls?.[0]?.arguments;
  const isFlagged: boolean | undefined = called.moderation?.output?.flagged;
  const links: string[] | undefined = called.sources?.map(({ title, url }) => title + url);
  const image = await plugin.run(source, { operation: 'image_generation', prompt: 'A hill' });
  const generated: GeneratedImage = image.data.data;
  const vectors = (await plugin.run(source, saved)).data.embeddings?.length;
  const labels = (await plugin.run(source, { operation: 'list_models' })).data.map((m) => m.label);
  const listed = await plugin.invokeMethod('listChatModels', {}, source, { search: 'a' });
  const option: { value: string; label: string } | undefined = listed.data[0];
  // @ts-expect-error no such list
  await plugin.invokeMethod('listVideoModels', {}, source);
  const warning: string | undefined = (await plugin.testConnection(source)).message;
  const any = await plugin.run(source, completion as QueryOptions);
  const attempts: number = any.metadata.attempts;
  const list = await plugin.run(source, {
    operation: 'chat_list',
    prompts: ['a', { prompt: 'b', system_prompt: 'Be brief.' }],
    on_failure: 'stop',
  });
  const of: Array<[number, string]> = list.metadata.failed.map(({ index, code }) => [index, code]);
  const second: JsonValue | undefined = list.data[1];
  // @ts-expect-error a list has its prompts in one field
  await plugin.run(source, { operation: 'chat_list', prompt: 'a' });
  const details = await plugin.run(source, { ...chat, result: 'details' });
  const answer: JsonValue = details.data.answer;
  const reason: string | null = details.data.finish_reason;
  // @ts-expect-error without details there is no object around the answer
  (await plugin.run(source, completion)).data.answer;
  // @ts-expect-error the data of any operation is not just text
  const anyText: string = any.data;
  // @ts-expect-error chat has no engine
  await plugin.run(source, { operation: 'chat', prompt: 'a', engine: 'auto' });
  // @ts-expect-error chat has no substitute
  metadata.substituted_model;
  // @ts-expect-error an image is not text
  image.data.toUpperCase();
  // @ts-expect-error a query is required
  await plugin.run(source);
  const first = { text, value, tokens, attempts, anyText, generated };
  return {
    ...first,
    city,
    isFlagged,
    links,
    vectors,
    labels,
    option,
    warning,
    answer,
    reason,
    of,
    second,
  };
}

export function failure(error: QueryError): number {
  // @ts-expect-error the message begins with one of two strings
  error.message = 'Something else';
  error.message = 'Connection could not be established: wrong API key';
  // @ts-expect-error a duration is a number of seconds
  const wait: string | undefined = error.data?.retry_after_seconds;
  return error.description.length + (error.data?.status ?? 0) + (wait?.length ?? 0);
}

// @ts-expect-error the data may be null
export const status = new QueryError('Query could not be completed', 'why', {}, {}).data.status;

// @ts-expect-error the constructor takes nothing
new OpenAI(source);

export const checked = [
  ...[sameSource, sameOptions, sameOperations, everyResult, differs],
  ...[noKey, misspelled, noPairs, arrayNumber, format, engine, noPrompt, noOperation, listed],
  ...[third, parameter, level, country, advanced],
];
