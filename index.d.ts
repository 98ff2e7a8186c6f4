/**
 * The OpenAI plugin for ToolJet: its class as ToolJet calls it, and its results as an app gets them.
 *
 * Each option is text that somebody typed or the value of a template, so numbers, booleans and
 * JSON are also accepted as text. Blank text, `null` and `undefined` mean "not set"; `0`, `false`
 * and `"0"` are values. If a value cannot be read or is out of range, the query fails with a
 * {@link QueryError} that names the option, before anything is sent.
 */

import type {
  OperationData,
  OperationMetadata,
  QueryOptions,
  SourceOptions,
} from './dist/operations';

/** The options of a data source, and the options and results of each operation. `npm run build` writes them from forms/. */
export * from './dist/operations';

/** Not set. */
export type Unset = '' | null | undefined;

/** Text; numbers and booleans become text. */
export type TextOption = string | number | boolean | null | undefined;

/** A number, or its text such as `"0.7"`. */
export type NumberOption = number | string | null | undefined;

/** A value that the API accepts today, or a newer one, which is passed on unchanged. */
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
   * ToolJet's own "Timeout ( ms )". The query ends shortly before it, with an error of this plugin,
   * and no later than after `timeout_seconds` of the data source.
   * @unit milliseconds
   * @range above 0; anything else is ignored, as in ToolJet
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

/** The result of a tool call in the preceding message. Anything but a string is sent as JSON text. */
export interface ToolMessage {
  role: 'tool';
  /** The `id` of the call. */
  tool_call_id: string;
  content: JsonValue;
}

/** A parameter of a function: a short form such as `"integer: how many"`, or a JSON schema. */
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
  /** In short form, or as the JSON schema of an object. */
  parameters?: ToolParameters | { type: 'object'; [member: string]: unknown } | null;
  /** If missing, it is set whenever the API can guarantee that the arguments match the parameters. */
  strict?: boolean | null;
}

/** A function in one of the accepted forms: short, as in Chat, or as in the Responses API. */
export type Tool =
  | string
  | ToolFunction
  | (ToolFunction & { type: 'function' })
  | { type: 'function'; function: ToolFunction };

/** A list of functions; or by name, the parameters, the description, or both. */
export type ToolsOption =
  | Tool[]
  | { [name: string]: string | ToolParameters | Omit<ToolFunction, 'name'> | null }
  | Unset
  | (string & {});

/** The function that must be called. */
export type ToolChoice =
  | { type: 'function'; function: { name: string } }
  | { type: 'function'; name: string };

/** A file from ToolJet's file picker or audio recorder. Its `dataURL` or `base64Data` is sent. */
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
 * An entry in the `history` of ToolJet's Chat component, or its `lastMessage`. The type `message` is
 * the user's, `response` the assistant's. Entries of other types are ignored.
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
 * A string, or the parsed value if the response format is JSON. With `n` above 1, an array of
 * these, with `null` for a failed answer. A string is empty only if there is audio or an image
 * instead. The value is `null` if the model only calls tools.
 */
export type ChatData = JsonValue;

/** Tokens used. Servers send different members. */
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
  /** Number of requests sent, at least 1. */
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

/** A change to the request, made because the model or the server rejects the original. */
export interface Adjustment {
  /** The API's parameter, `role` of the instructions, or `name` of messages. */
  parameter: string;
  /** `removed`, `renamed`, `set`, or a description of the change. */
  change: string;
  /** If `renamed`: the parameter that was sent. If `set`: its value. */
  to?: string;
}

export interface TextMetadata extends ModelMetadata {
  /** The model that answered, often a dated snapshot of the requested one. */
  model?: string;
  /** The API's id of the response. */
  id?: string;
  /** @unit seconds since 1970 */
  created?: number;
  service_tier?: string;
  /** How often the API's own tools were used, which are billed, such as `{ web_search: { num_requests } }`. */
  tool_usage?: unknown;
  system_fingerprint?: string;
  /** Why the first answer ended, such as `stop`, or `length` if `max_tokens` truncated it. */
  finish_reason: string | null;
  /** The reason for each answer, if `n` is above 1. */
  finish_reasons?: Array<string | null>;
  /** Those of the first answer, as the API sent them, if requested. */
  logprobs?: unknown;
  /** The model's reasoning before the first answer, if the server shows it. */
  reasoning?: string;
  /** The findings of moderation or a content filter, as the API sent them. */
  moderation?: unknown;
  content_filter_results?: unknown;
  prompt_filter_results?: unknown;
}

/** A function call as the API sent it, with `name` and `arguments` added. */
export interface ToolCall {
  /** The `tool_call_id` of the message with the result. */
  id?: string;
  type?: string;
  function?: { name: string; arguments: string };
  name?: string | null;
  /** The parsed arguments of a function. `null` if they are not JSON; `function.arguments` has the text. */
  arguments?: JsonValue;
  [member: string]: unknown;
}

/** A page that the model found. */
export interface Source {
  /** Its title, or its host if the server sends none. */
  title: string;
  url: string;
}

/** The findings of a moderation. For an array of strings, `data` is an array of these. */
export interface ModerationData {
  /** Whether any category applies. */
  flagged: boolean;
  /** The categories that apply, such as `violence`. */
  categories: string[];
  /** The score of every category, from 0 to 1. */
  scores: Record<string, number>;
}

/** The findings of Moderation in the conversation and in the answer. */
export interface ChatModeration {
  input?: ModerationData;
  /** For all answers together, if `n` is above 1. */
  output?: ModerationData;
  [member: string]: unknown;
}

export interface ChatMetadata extends TextMetadata {
  /** The findings that the option `moderation` requests; without it, those that the API sent by itself or for Extra body. */
  moderation?: ChatModeration;
  /** Why the API does not guarantee that the answer matches the JSON schema; absent if it does. */
  not_strict?: string;
  /** The tool calls of the first answer. They can be put into `message_history` unchanged. */
  tool_calls?: ToolCall[];
  /** The older form of a tool call. */
  function_call?: unknown;
  /** Citations and other annotations with their positions in the first answer, as the API sent them. */
  annotations?: unknown[];
  /** The pages that the answer cites, then those that were only read, each once. Ready for a table. */
  sources?: Source[];
  audio?: unknown;
  /** Images in the answer, such as `{ image_url: { url } }`. */
  images?: unknown[];
  /** The model's refusal, if there is also an answer. */
  refusal?: string;
  /** Sources of the answer, under the names that servers use. */
  citations?: unknown;
  search_results?: unknown;
  related_questions?: unknown;
  context?: unknown;
  executed_tools?: unknown;
  /** Blocks of reasoning that can be sent back to the model. */
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

/** The data of a query with `result: 'details'`: the answer and everything in metadata. */
export type DetailedData<O extends Operation> = { answer: OperationData[O] } & OperationMetadata[O];

/** The result of a query with `result: 'details'`. */
export interface DetailedQueryResult<O extends Operation = Operation> {
  status: 'ok';
  data: DetailedData<O>;
  metadata: OperationMetadata[O];
}

/** The result of a successful connection test. */
export interface ConnectionResult {
  status: 'ok';
  /** A warning, if the key works but is restricted. */
  message?: string;
}

/** Details of a failure. Never contains a secret. */
export interface QueryErrorData {
  /** The whole description, because ToolJet 2 shows nothing else. Absent after `testConnection`. */
  message?: string;
  /** HTTP status of the response. */
  status?: number;
  /**
   * The API's own code such as `insufficient_quota`, or one of the plugin's: `invalid_option`,
   * `unknown_operation`, `timeout`, `dns_failed`, `connection_refused` and others; for an unusable
   * answer `refusal`, `content_filter`, `tokens_spent_on_reasoning`, `only_reasoning`,
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
  /** Number of requests sent, if any. */
  attempts?: number;
  /** The requested model. */
  model?: string;
  /** What to do about the failure. Also the end of `description`. Absent after `testConnection`. */
  hint?: string;
  /**
   * The text of an unusable answer, such as one that broke off or is not JSON; if a stream with
   * several answers breaks off, the text of each. Up to 256 KiB. For Generate embedding, the vectors
   * that had arrived when one of several requests failed, with `null` in place of the others.
   */
  partial?: string | string[] | (number[] | string | null)[];
  /** The model's reasoning before that, if the server shows it. Up to 256 KiB. */
  reasoning?: string;
  /** Tokens used by an unusable answer, if the server reports them. */
  usage?: Usage;
  /** The findings of Moderation in an unusable answer. */
  moderation?: ChatModeration;
}

/** The metadata of a failed query, as far as it is known. */
export interface QueryErrorMetadata {
  attempts?: number;
  /**
   * From ToolJet's call to the failure. Absent if nothing was sent.
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

/** The error with which `run` and `testConnection` reject. ToolJet recognizes it by the name of its class. */
export class QueryError extends Error {
  constructor(
    message: QueryError['message'],
    description: string,
    data?: QueryErrorData,
    metadata?: QueryErrorMetadata,
  );
  /** After `testConnection`, includes the reason in a few words. */
  message: 'Query could not be completed' | `Connection could not be established${string}`;
  /**
   * What happened and what to do, in sentences. After `testConnection`, what the message does not
   * say, possibly nothing: ToolJet 3 shows one after the other.
   */
  description: string;
  /** `null` only after `testConnection`, if there is nothing to add to the description. */
  data: QueryErrorData | null;
  /** ToolJet 3 passes it on to the app. Absent after `testConnection`. */
  metadata?: QueryErrorMetadata;
}

/** A model in a list that is sorted by id and ready for a dropdown. */
export interface ListedModel {
  id: string;
  owner: string | null;
  /** @unit seconds since 1970 */
  created: number | null;
  /** `YYYY-MM-DD`; `null` until a shutdown is announced. */
  shutdown_date: string | null;
  /** The id. */
  value: string;
  /** The id, and the shutdown date if there is one. */
  label: string;
}

/** Lists all models, or those that List models returns for a `purpose`. */
export type ModelListMethod =
  | 'listModels'
  | 'listChatModels'
  | 'listImageModels'
  | 'listEmbeddingModels'
  | 'listTranscriptionModels';

/** The options of a dropdown, and nothing else, because ToolJet stores them with the query. */
export interface ModelList {
  status: 'ok';
  data: Array<Pick<ListedModel, 'value' | 'label'>>;
}

/** The class that ToolJet instantiates for each call. It has no state. */
export default class OpenAI {
  /**
   * Runs a query. Ignores the further arguments that ToolJet passes.
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
   * Lists the models to check the URL, the key and the organization. Costs nothing and takes at
   * most 15 seconds.
   * @throws {QueryError} `Connection could not be established: ` and the reason
   */
  testConnection(sourceOptions: SourceOptions): Promise<ConnectionResult>;

  /**
   * Lists models for the `dynamic-selector` of a form; beyond the last one, returns an empty list.
   * ToolJet calls this only for plugins that its code names (docs/install.md, "ToolJet's
   * repository"). Ignores the further arguments. Takes at most 15 seconds.
   * @throws {QueryError} whose `message` is the description, because the form shows nothing else
   */
  invokeMethod(
    method: ModelListMethod,
    context: unknown,
    sourceOptions: SourceOptions,
    ...further: unknown[]
  ): Promise<ModelList>;
}
