/**
 * The OpenAI plugin for ToolJet, as ToolJet calls it and as its results reach an app.
 *
 * Every option may come as typed text or as the value of a template, so numbers, booleans and
 * JSON are also accepted as text. Blank text, `null` and `undefined` all mean "not set"; `0`,
 * `false` and `"0"` are values. A value that cannot be read or is out of range fails with a
 * {@link QueryError} that names the option, before anything is sent.
 */

import type {
  OperationData,
  OperationMetadata,
  QueryOptions,
  SourceOptions,
} from './dist/operations';

/** The options of a data source, and the options and results of each operation: `npm run build` writes them from forms/. */
export * from './dist/operations';

/** Not set. */
export type Unset = '' | null | undefined;

/** Text; numbers and booleans become text. */
export type TextOption = string | number | boolean | null | undefined;

/** A number, or its text such as `"0.7"`. */
export type NumberOption = number | string | null | undefined;

/** One of the words that the API takes today, or a newer one: it is passed on as it is. */
export type WordOption<Known extends string> = Known | (string & {}) | Unset;

/** `true` or `false`, or their text. */
export type FlagOption = boolean | 'true' | 'false' | Unset;

/** A JSON value. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [name: string]: JsonValue };

/** A JSON object, or its text. */
export type JsonObjectOption = { [name: string]: unknown } | string | null | undefined;

/** Options of every query, whatever its operation. */
export interface QueryBase {
  /**
   * ToolJet's own "Timeout ( ms )". The query ends shortly before it, with this plugin's error, and
   * no later than `timeout_seconds` of the data source.
   * @unit milliseconds
   * @range above 0; anything else is ignored, as ToolJet does
   * @default none
   */
  query_timeout?: NumberOption;
}

/** A part of a message's content, as the API defines it. */
export type ContentPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string; detail?: 'auto' | 'low' | 'high' | 'original' } }
  | { type: 'input_audio'; input_audio: { data: string; format: 'wav' | 'mp3' } }
  | { type: 'file'; file: { file_id?: string; file_data?: string; filename?: string } }
  | { type: 'refusal'; refusal: string };

/** A message of a conversation, as the API defines it. */
export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | ContentPart[] | null;
  [member: string]: unknown;
}

/** What a tool found, in answer to a call in the message before it. Data is sent as JSON text. */
export interface ToolMessage {
  role: 'tool';
  /** The `id` of the call. */
  tool_call_id: string;
  content: JsonValue;
}

/** A parameter of a function in short, such as `"integer: how many"`; or a JSON schema. */
export type ToolParameter =
  | string
  | string[]
  | number[]
  | [ToolParameters]
  | ToolParameters
  | { type?: unknown; [member: string]: unknown };

/** The parameters of a function by name; those whose name ends in `?` are optional. */
export interface ToolParameters {
  [name: string]: ToolParameter;
}

/** A function that the model may call. */
export interface ToolFunction {
  name: string;
  description?: string | null;
  /** In short, or a JSON schema of an object. */
  parameters?: ToolParameters | { type: 'object'; [member: string]: unknown } | null;
  /** If it is missing, it is set where the API can guarantee that the arguments fit. */
  strict?: boolean | null;
}

/** A function in one of the shapes that are accepted: short, of Chat, or of the Responses API. */
export type Tool =
  | string
  | ToolFunction
  | (ToolFunction & { type: 'function' })
  | { type: 'function'; function: ToolFunction };

/** Functions as a list, or their parameters, descriptions or both by name. */
export type ToolsOption =
  | Tool[]
  | { [name: string]: string | ToolParameters | Omit<ToolFunction, 'name'> | null }
  | Unset
  | (string & {});

/** The function that must be called. */
export type ToolChoice =
  | { type: 'function'; function: { name: string } }
  | { type: 'function'; name: string };

/** A file of ToolJet's file picker, or what its audio recorder holds; `dataURL` or `base64Data` is used. */
export interface PickedFile {
  name?: string;
  /** The media type, such as `image/png`. Read only if neither the data nor the name shows it. */
  type?: string;
  dataURL?: string | null;
  base64Data?: string;
  [member: string]: unknown;
}

/** An image or a document: a URL, a data URI, a base64 string, a picked file, or a content part. */
export type FileOption = string | PickedFile | ContentPart;

/**
 * An entry of `history` of ToolJet's Chat component, and its `lastMessage`: `message` is the
 * user's, `response` the assistant's. Entries of other types are left out.
 */
export interface ChatComponentMessage {
  message: unknown;
  type: 'message' | 'response' | (string & {});
  messageId?: string;
  timestamp?: string;
  name?: string;
  avatar?: string;
  [member: string]: unknown;
}

export type Operation = QueryOptions['operation'];

/**
 * One text, or the parsed value with a JSON response format; with `n` above 1 an array of these,
 * with `null` for an answer that failed. Text is empty only next to audio or images, and `null`
 * where the model only calls tools.
 */
export type ChatData = JsonValue;

/** Tokens used. Servers differ in which members they send. */
export interface Usage {
  prompt_tokens?: number;
  completion_tokens?: number;
  input_tokens?: number;
  output_tokens?: number;
  total_tokens?: number;
  [member: string]: unknown;
}

/** The metadata of every result; `queries.<name>.metadata` in an app. */
export interface RequestMetadata {
  /** The API's path, such as `chat/completions`. */
  endpoint: string;
  /** The API's id of the request, for support. */
  request_id?: string;
  /** Requests sent, 1 and more. */
  attempts: number;
  /**
   * From ToolJet's call to the result, with all retries and delays.
   * @unit milliseconds
   */
  duration_ms: number;
}

export interface ModelMetadata extends RequestMetadata {
  usage?: Usage;
  /** Changes made to the request to fit the model; absent if there were none. */
  adjusted?: Adjustment[];
}

/** A change made to the request, because the model or the server rejects what was set. */
export interface Adjustment {
  /** The API's parameter, `role` of the instructions, or `name` of messages. */
  parameter: string;
  /** `removed`, `renamed`, `set`, or in words what was done instead. */
  change: string;
  /** With `renamed`: the parameter that was sent. With `set`: its value. */
  to?: string;
}

export interface TextMetadata extends ModelMetadata {
  /** The model that answered; often a dated snapshot of the requested one. */
  model?: string;
  /** The API's id of the response. */
  id?: string;
  /** @unit seconds since 1970 */
  created?: number;
  service_tier?: string;
  /** How often the API's own tools were used, such as `{ web_search: { num_requests } }`: they are billed. */
  tool_usage?: unknown;
  system_fingerprint?: string;
  /** Why the first answer ended, such as `stop`, or `length` if `max_tokens` truncated it. */
  finish_reason: string | null;
  /** With `n` above 1: of every answer. */
  finish_reasons?: Array<string | null>;
  /** Of the first answer, if requested, as the API sent them. */
  logprobs?: unknown;
  /** The model's reasoning before the first answer, where the server shows it. */
  reasoning?: string;
  /** What moderation or a content filter found, as the API sent it. */
  moderation?: unknown;
  content_filter_results?: unknown;
  prompt_filter_results?: unknown;
}

/** A call of a function: what the API sent, with `name` and `arguments` next to it. */
export interface ToolCall {
  /** For the `tool_call_id` of the reply. */
  id?: string;
  type?: string;
  function?: { name: string; arguments: string };
  name?: string | null;
  /** Of a function: parsed. `null` if the model wrote no JSON; `function.arguments` has its text. */
  arguments?: JsonValue;
  [member: string]: unknown;
}

/** A page that the model found. */
export interface Source {
  /** Its title, or its host if the server sends none. */
  title: string;
  url: string;
}

/** What a moderation found. For a list of texts, `data` is a list of these. */
export interface ModerationData {
  /** Whether any category applies. */
  flagged: boolean;
  /** The categories that apply, such as `violence`. */
  categories: string[];
  /** The score of every category, from 0 to 1. */
  scores: Record<string, number>;
}

/** What Moderation found in the conversation and in the answer. */
export interface ChatModeration {
  input?: ModerationData;
  /** With `n` above 1: of all answers together. */
  output?: ModerationData;
  [member: string]: unknown;
}

export interface ChatMetadata extends TextMetadata {
  /** What the option `moderation` asks for. Without it, what the API sent unasked or for Extra body. */
  moderation?: ChatModeration;
  /** Why the API does not guarantee that the answer fits the JSON schema; absent if it does. */
  not_strict?: string;
  /** The calls of the first answer. They may go back in `message_history` as they are. */
  tool_calls?: ToolCall[];
  /** The older form of a tool call. */
  function_call?: unknown;
  /** Citations with their positions in the first answer, and others, as the API sent them. */
  annotations?: unknown[];
  /** The pages that the answer cites, then those that were only read: each once, for a table. */
  sources?: Source[];
  audio?: unknown;
  /** Images in the answer, such as `{ image_url: { url } }`. */
  images?: unknown[];
  /** The model's refusal, next to an answer. */
  refusal?: string;
  /** Sources of the answer, by the names that servers give them. */
  citations?: unknown;
  search_results?: unknown;
  related_questions?: unknown;
  context?: unknown;
  executed_tools?: unknown;
  /** Blocks of reasoning, which can be sent back to the model. */
  reasoning_details?: unknown;
  thinking_blocks?: unknown;
  extra_content?: unknown;
  /** Parts of the answer that are neither text, reasoning nor images. */
  content_parts?: unknown[];
}

/** The result of a query. */
export interface QueryResult<O extends Operation = Operation> {
  status: 'ok';
  data: OperationData[O];
  metadata: OperationMetadata[O];
}

/** The data of a query with `result: 'details'`: the answer, and everything in metadata. */
export type DetailedData<O extends Operation> = { answer: OperationData[O] } & OperationMetadata[O];

/** The result of a query with `result: 'details'`. */
export interface DetailedQueryResult<O extends Operation = Operation> {
  status: 'ok';
  data: DetailedData<O>;
  metadata: OperationMetadata[O];
}

/** The result of a connection test that did not fail. */
export interface ConnectionResult {
  status: 'ok';
  /** A warning, if the key works but is restricted. */
  message?: string;
}

/** What is known about a failure; never a secret. */
export interface QueryErrorData {
  /** The whole description, since ToolJet 2 shows nothing else. Not after `testConnection`. */
  message?: string;
  /** HTTP status of the response. */
  status?: number;
  /**
   * The API's own code such as `insufficient_quota`, or one of the plugin's: `invalid_option`,
   * `unknown_operation`, `timeout`, `dns_failed`, `connection_refused`, and of an answer that
   * cannot be used `refusal`, `content_filter`, `tokens_spent_on_reasoning`, `only_reasoning`,
   * `answer_cut_off`, `json_invalid`, `json_truncated`, `not_moderated`, `invalid_embedding`,
   * `no_answer` and others.
   */
  code?: string;
  /** The API's own type such as `invalid_request_error`. */
  type?: string;
  /** The key of the option, or the API's parameter. */
  param?: string;
  /** The API's id of the request, for support. */
  request_id?: string;
  /**
   * The delay that the API asks for.
   * @unit seconds
   */
  retry_after_seconds?: number;
  /** Requests sent, if any. */
  attempts?: number;
  /** The requested model. */
  model?: string;
  /** What to do about it; also the end of `description`. */
  hint?: string;
  /**
   * What the model wrote, if that is not a usable answer: one that broke off, or one that is not JSON.
   * If a stream with several answers breaks off, the text of each. Up to 256 KiB. Of Generate embedding, the vectors
   * that are there when one of several requests fails, with null in place of the rest.
   */
  partial?: string | string[] | (number[] | string | null)[];
  /** The model's reasoning before that, where the server shows it. Up to 256 KiB. */
  reasoning?: string;
  /** What an answer cost that cannot be used, where the server says so. */
  usage?: Usage;
  /** What Moderation found in an answer that cannot be used. */
  moderation?: ChatModeration;
}

/** What is known about a failed query besides its error, as in `metadata`. */
export interface QueryErrorMetadata {
  attempts?: number;
  /**
   * From ToolJet's call to the failure. Missing if nothing was sent.
   * @unit milliseconds
   */
  duration_ms?: number;
  request_id?: string;
  model?: string;
  substituted_model?: string;
  adjusted?: Adjustment[];
  usage?: Usage;
  moderation?: ChatModeration;
}

/** What `run` and `testConnection` reject with. ToolJet recognizes it by the name of its class. */
export class QueryError extends Error {
  constructor(
    message: QueryError['message'],
    description: string,
    data?: QueryErrorData,
    metadata?: QueryErrorMetadata,
  );
  /** After `testConnection` with the reason, in a few words. */
  message: 'Query could not be completed' | `Connection could not be established${string}`;
  /** What happened and what to do, in sentences. */
  description: string;
  /** `null` only after `testConnection`, if nothing is known besides the description. */
  data: QueryErrorData | null;
  /** Passed on by ToolJet 3. Not after `testConnection`. */
  metadata?: QueryErrorMetadata;
}

/** A model in the list, which is sorted by id and ready for a dropdown. */
export interface ListedModel {
  id: string;
  owner: string | null;
  /** @unit seconds since 1970 */
  created: number | null;
  /** `YYYY-MM-DD`, once it is announced. */
  shutdown_date: string | null;
  /** The id. */
  value: string;
  /** The id, with the shutdown date where there is one. */
  label: string;
}

/** All models, or those that List models gives with a `purpose`. */
export type ModelListMethod =
  | 'listModels'
  | 'listChatModels'
  | 'listImageModels'
  | 'listEmbeddingModels'
  | 'listTranscriptionModels';

/** The options of a dropdown, with nothing else in them: ToolJet keeps them with the query. */
export interface ModelList {
  status: 'ok';
  data: Array<Pick<ListedModel, 'value' | 'label'>>;
}

/** The class that ToolJet instantiates for every call; it has no state. */
export default class OpenAI {
  /**
   * Runs a query. ToolJet passes further arguments, which are not used.
   * @throws {QueryError} `Query could not be completed`
   */
  run<O extends Operation>(
    sourceOptions: SourceOptions,
    queryOptions: Extract<QueryOptions, { operation: O }> & { result: 'details' },
    ...further: unknown[]
  ): Promise<DetailedQueryResult<O>>;
  run<O extends Operation>(
    sourceOptions: SourceOptions,
    queryOptions: Extract<QueryOptions, { operation: O }>,
    ...further: unknown[]
  ): Promise<QueryResult<O>>;

  /**
   * Lists the models to see whether the URL, the key and the organization work. Costs nothing and
   * takes at most 15 seconds.
   * @throws {QueryError} `Connection could not be established: ` and the reason
   */
  testConnection(sourceOptions: SourceOptions): Promise<ConnectionResult>;

  /**
   * Lists models for the `dynamic-selector` of a form, past their end none. ToolJet asks only plugins that it names
   * (docs/install.md, "ToolJet's repository"), and passes further arguments, which are not used. Takes at most 15
   * seconds.
   * @throws {QueryError} whose `message` is the description, since the form shows nothing else
   */
  invokeMethod(
    method: ModelListMethod,
    context: unknown,
    sourceOptions: SourceOptions,
    ...further: unknown[]
  ): Promise<ModelList>;
}
