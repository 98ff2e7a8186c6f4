/**
 * The OpenAI plugin for ToolJet, as ToolJet calls it and as its results reach an app.
 *
 * Every option may come as typed text or as the value of a template, so numbers, booleans and
 * JSON are also accepted as text. Blank text, `null` and `undefined` all mean "not set"; `0`,
 * `false` and `"0"` are values. A value that cannot be read or is out of range fails with a
 * {@link QueryError} that names the option, before anything is sent.
 */

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

/** The options of a data source. */
export interface SourceOptions {
  /**
   * Sent as bearer token, or as `api-key` to Azure OpenAI. Required; blanks around it are cut off.
   * For a server that needs no key, any text.
   */
  apiKey: string;
  /** Sent as `OpenAI-Organization`; starts with `org-`. Unset, or the text `null`: not sent. */
  organizationId?: TextOption;
  /** Sent as `OpenAI-Project`; starts with `proj_`. Unset, or the text `null`: not sent. */
  project_id?: TextOption;
  /**
   * Where the API is, http or https. A URL without a path gets `/v1`; slashes at its end are
   * ignored. User name, password and fragment are errors.
   * @default 'https://api.openai.com/v1'
   */
  base_url?: TextOption;
  /**
   * Pairs of name and value, sent with every request; pairs with a blank name are skipped. They
   * replace the plugin's own `authorization` and ids; names that belong to the connection or the
   * body, such as `host` and `content-type`, are errors.
   * @default none
   */
  headers?: Array<[name: string, value: TextOption]> | { [name: string]: TextOption } | Unset;
  /**
   * How long a query may take, retries included. A query's own `query_timeout` can end it sooner.
   * @unit seconds
   * @range 1 to 3600, whole
   * @default 600
   */
  timeout_seconds?: NumberOption;
  /**
   * Further attempts when the server is busy or cannot be reached. Rejected requests and used-up
   * credit are not retried.
   * @range 0 to 10, whole
   * @default 2
   */
  max_retries?: NumberOption;
}

/** What every query may hold, whatever its operation. */
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

/** What an operation with fields below "Advanced" may hold. */
export interface AdvancedBase {
  /**
   * `off`: the options below "Advanced" are ignored. Unset: they count, for queries made without
   * the form.
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * Members of the request, merged last; they replace members of the same name. `stream` and
   * `stream_options` are errors.
   * @default none
   */
  extra_body?: JsonObjectOption;
}

/** How text is generated; in `completion` and `chat`. */
export interface GenerationOptions {
  /**
   * How varied the text is. Left out where the model does not take it; `metadata.adjusted` says so.
   * @range 0 to 2
   * @default unset: not sent, the model decides
   */
  temperature?: NumberOption;
  /**
   * Text is one literal sequence, commas and line breaks included; an array, or the text of a JSON
   * array, is up to 4 sequences. Generation ends before a sequence, which is not part of the answer.
   * Where the model does not take it, the plugin cuts the answer there.
   * @default none
   */
  stop_sequence?: TextOption | string[];
  /**
   * Probability mass of the tokens that are considered. Below "Advanced".
   * @range 0 to 1
   * @default unset: not sent, the model decides
   */
  top_p?: NumberOption;
  /**
   * Makes a token less likely the more often it has appeared. Below "Advanced".
   * @range -2 to 2
   * @default unset: not sent, the model decides
   */
  frequency_penalty?: NumberOption;
  /**
   * Makes a token less likely once it has appeared. Below "Advanced".
   * @range -2 to 2
   * @default unset: not sent, the model decides
   */
  presence_penalty?: NumberOption;
  /**
   * Number of answers; with more than one, `data` is an array. Below "Advanced".
   * @range 1 to 128, whole
   * @default unset: not sent, which gives 1
   */
  n?: NumberOption;
  /**
   * The same seed with the same settings tends to give the same answer. Below "Advanced".
   * @range whole
   * @default none
   */
  seed?: NumberOption;
}

/** `operation: 'completion'`: continues a text. */
export interface CompletionOptions extends QueryBase, AdvancedBase, GenerationOptions {
  operation: 'completion';
  /** @default 'gpt-3.5-turbo-instruct' */
  model?: TextOption;
  /** The text to continue. Required. */
  prompt: TextOption;
  /**
   * The most tokens to generate.
   * @unit tokens
   * @range 1 and more, whole
   * @default 256
   */
  max_tokens?: NumberOption;
  /**
   * Text that comes after the inserted completion; not part of the answer.
   * @default none
   */
  suffix?: TextOption;
  /**
   * `completions` asks only `/completions`, `chat` only `/chat/completions`. `auto` asks
   * `/completions` first and lets a chat model continue the prompt if the model or the endpoint is
   * not there; `metadata.endpoint` and `metadata.substituted_model` then say so.
   * @default 'auto'
   */
  engine?: 'auto' | 'completions' | 'chat' | Unset;
  /**
   * Generates this many on the server and returns the most likely; not less than `n`. Below
   * "Advanced".
   * @range 1 to 20, whole
   * @default unset: not sent, which gives 1
   */
  best_of?: NumberOption;
  /**
   * Whether the answer begins with the prompt. Below "Advanced".
   * @default unset: not sent, which gives false
   */
  echo?: FlagOption;
  /**
   * Alternatives per token whose log probabilities `metadata.logprobs` holds. Below "Advanced".
   * @range 0 to 5, whole
   * @default none
   */
  logprobs?: NumberOption;
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

/** What a file picker of ToolJet holds for a file; `dataURL` or `base64Data` is used. */
export interface PickedFile {
  name?: string;
  /** The media type, such as `image/png`. Other than images are errors. */
  type?: string;
  dataURL?: string;
  base64Data?: string;
  [member: string]: unknown;
}

/** An image: a URL, a data URI, base64 text, or a picked file. */
export type ImageOption = string | PickedFile;

/** `operation: 'chat'`: answers a message. */
export interface ChatOptions extends QueryBase, AdvancedBase, GenerationOptions {
  operation: 'chat';
  /** @default 'gpt-5.4-mini' */
  model?: TextOption;
  /**
   * Instructions before the whole conversation.
   * @default none
   */
  system_prompt?: TextOption;
  /** The user message. Required unless `message_history` ends with a message of the user. */
  prompt?: TextOption | ContentPart | ContentPart[];
  /**
   * Earlier messages, oldest first: an array, one message, or the JSON text of either. A message
   * that the API would not take is an error that names its index.
   * @default none
   */
  message_history?: Message[] | Message | string | null;
  /**
   * The most tokens to generate, hidden reasoning included.
   * @unit tokens
   * @range 1 and more, whole
   * @default none: no limit is sent
   */
  max_tokens?: NumberOption;
  /**
   * Text that is to follow the answer. The model is instructed to lead up to it, as chat has no such
   * parameter; it is not part of the answer.
   * @default none
   */
  suffix?: TextOption;
  /**
   * Images shown beside `prompt`. Below "Advanced".
   * @default none
   */
  images?: ImageOption | ImageOption[] | null;
  /**
   * How closely `images` are looked at. Below "Advanced".
   * @default unset: not sent, the model decides
   */
  image_detail?: WordOption<'auto' | 'low' | 'high' | 'original'>;
  /**
   * With `json_object` and `json_schema`, `data` is the parsed value; an answer that was cut off,
   * refused or is no JSON is an error. Below "Advanced".
   * @default unset: not sent, which gives text
   */
  response_format?: 'text' | 'json_object' | 'json_schema' | Unset;
  /**
   * A JSON schema of type `object`, or an object with such a `schema` and `name` (up to 64 letters,
   * digits, `_` and `-`), `description` and `strict`. Required with `response_format: 'json_schema'`,
   * and not used otherwise. Below "Advanced".
   */
  json_schema?: JsonObjectOption;
  /**
   * How much a reasoning model thinks first; not every model takes every value. Below "Advanced".
   * @default unset: not sent, the model decides
   */
  reasoning_effort?: WordOption<'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'>;
  /**
   * How long the answer is to be. Below "Advanced".
   * @default unset: not sent, the model decides
   */
  verbosity?: WordOption<'low' | 'medium' | 'high'>;
  /**
   * Speed and price class. Below "Advanced".
   * @default unset: not sent, which gives auto
   */
  service_tier?: WordOption<'auto' | 'default' | 'flex' | 'scale' | 'priority' | 'fast'>;
  /**
   * Shared by requests with the same long beginning. Below "Advanced".
   * @default none
   */
  prompt_cache_key?: TextOption;
  /**
   * A stable id of the end user. Below "Advanced".
   * @range up to 64 characters
   * @default none
   */
  safety_identifier?: TextOption;
  /**
   * Stored with the request at OpenAI. Below "Advanced".
   * @range up to 16 members; keys up to 64 and texts up to 512 characters
   * @default none
   */
  metadata?: JsonObjectOption;
}

/** `operation: 'image_generation'`: draws images. */
export interface ImageGenerationOptions extends QueryBase, AdvancedBase {
  operation: 'image_generation';
  /** @default 'gpt-image-2' */
  model?: TextOption;
  /** What the image is to show. Required. */
  prompt: TextOption;
  /**
   * `auto`, or width and height such as `1024x1024`; passed on as it is.
   * @unit pixels
   * @default unset: not sent, the model decides
   */
  size?: TextOption;
  /**
   * Which values a model takes depends on the model. Below "Advanced".
   * @default unset: not sent, the model decides
   */
  quality?: WordOption<'auto' | 'low' | 'medium' | 'high' | 'standard' | 'hd'>;
  /**
   * GPT image models only; `transparent` needs `png` or `webp`. Below "Advanced".
   * @default unset: not sent, the model decides
   */
  background?: WordOption<'auto' | 'transparent' | 'opaque'>;
  /**
   * GPT image models only. Below "Advanced".
   * @default unset: not sent, which gives png
   */
  output_format?: WordOption<'png' | 'jpeg' | 'webp'>;
  /**
   * Number of images. Below "Advanced".
   * @range 1 to 10, whole
   * @default unset: not sent, which gives 1
   */
  n?: NumberOption;
}

/** Keys that queries saved with ToolJet's own openai plugin hold, in both spellings. */
export type SavedEmbeddingKey =
  | 'model_embedding'
  | `input_${'M' | '_m'}${1 | 2 | 3}`
  | `encoding_format_${'M' | '_m'}${1 | 2 | 3}`
  | `dimensions_${'M' | '_m'}${1 | 2}`;

/** `operation: 'generate_embedding'`: turns texts into vectors. */
export interface EmbeddingOptions
  extends QueryBase,
    AdvancedBase,
    Partial<Record<SavedEmbeddingKey, unknown>> {
  operation: 'generate_embedding';
  /** @default 'text-embedding-3-small' */
  model?: TextOption;
  /** One text, or an array of up to 2048, or its JSON text. Required, here or under a saved key. */
  input?: TextOption | string[];
  /**
   * Numbers per vector, for `text-embedding-3` models and later.
   * @range 1 and more, whole
   * @default unset: not sent, the model decides
   */
  dimensions?: NumberOption;
  /**
   * `float` gives arrays of numbers, `base64` texts.
   * @default unset: not sent, which gives float
   */
  encoding_format?: 'float' | 'base64' | Unset;
}

/** `operation: 'list_models'`: what the server offers. */
export interface ListModelsOptions extends QueryBase {
  operation: 'list_models';
  /**
   * Keeps the models whose id contains this text.
   * @default none
   */
  filter?: TextOption;
}

/** A query, told apart by its `operation`. Options of other operations are ignored. */
export type QueryOptions =
  | CompletionOptions
  | ChatOptions
  | ImageGenerationOptions
  | EmbeddingOptions
  | ListModelsOptions;

export type Operation = QueryOptions['operation'];

/** One text; with `n` above 1 an array of texts, with `null` for an answer that failed. */
export type CompletionData = string | Array<string | null>;

/**
 * One text, or the parsed value with a JSON response format; with `n` above 1 an array of these,
 * with `null` for an answer that failed.
 */
export type ChatData = JsonValue;

/** An image: DALL-E models give a URL that works for an hour, GPT image models base64 text. */
export type GeneratedImage = { url: string } | { b64_json: string };

export interface ImageGenerationData {
  status: 'success';
  message: 'Image generated successfully';
  /** The first image. */
  data: GeneratedImage;
  /** With several: all of them. */
  images?: GeneratedImage[];
}

/** A vector: numbers, or base64 text with `encoding_format: 'base64'`. */
export type Embedding = number[] | string;

export interface EmbeddingData {
  /** The vector of the first input. */
  embedding: Embedding;
  /** With several inputs: the vectors of all, in their order. */
  embeddings?: Embedding[];
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

/** The `data` of each operation. */
export interface OperationData {
  completion: CompletionData;
  chat: ChatData;
  image_generation: ImageGenerationData;
  generate_embedding: EmbeddingData;
  list_models: ListedModel[];
}

/** Tokens used. Servers differ in which members they send. */
export interface Usage {
  prompt_tokens?: number;
  completion_tokens?: number;
  input_tokens?: number;
  output_tokens?: number;
  total_tokens?: number;
  [member: string]: unknown;
}

/** What every answer tells beside its data; `queries.<name>.metadata` in an app. */
export interface RequestMetadata {
  /** The API's path, such as `chat/completions`. */
  endpoint: string;
  /** The API's id of the request, for support. */
  request_id?: string;
  /** Requests sent, 1 and more. */
  attempts: number;
}

export interface ListModelsMetadata extends RequestMetadata {
  /** Models in the list. */
  count: number;
}

export interface ModelMetadata extends RequestMetadata {
  usage?: Usage;
  /** Changes made to the request to fit the model; absent where there were none. */
  adjusted?: Adjustment[];
}

/** A change made to the request, because the model does not take what was set. */
export interface Adjustment {
  /** The API's parameter, or `role`. */
  parameter: string;
  /** `removed`, `renamed`, or in words what was done instead. */
  change: string;
  /** With `renamed`: the parameter that was sent. */
  to?: string;
}

export interface EmbeddingMetadata extends ModelMetadata {
  /** The model that answered. */
  model?: string;
}

export interface ImageGenerationMetadata extends ModelMetadata {
  /** @unit seconds since 1970 */
  created?: number;
  size?: string;
  quality?: string;
  background?: string;
  output_format?: string;
  /** The prompt as the model rewrote it. */
  revised_prompt?: string;
}

export interface TextMetadata extends ModelMetadata {
  /** The model that answered; often a dated snapshot of the one asked for. */
  model?: string;
  /** The API's id of the answer. */
  id?: string;
  /** @unit seconds since 1970 */
  created?: number;
  service_tier?: string;
  system_fingerprint?: string;
  /** Why the first answer ended, such as `stop`, or `length` where `max_tokens` cut it off. */
  finish_reason: string | null;
  /** With `n` above 1: of every answer. */
  finish_reasons?: Array<string | null>;
  /** Of the first answer, where they were asked for, as the API gave them. */
  logprobs?: unknown;
}

export interface ChatMetadata extends TextMetadata {
  /** Of the first answer, as the API gave them. */
  tool_calls?: unknown[];
  annotations?: unknown[];
  audio?: unknown;
}

export interface CompletionMetadata extends TextMetadata {
  /** The chat model that answered in place of the model asked for. */
  substituted_model?: string;
}

/** The `metadata` of each operation. */
export interface OperationMetadata {
  completion: CompletionMetadata;
  chat: ChatMetadata;
  image_generation: ImageGenerationMetadata;
  generate_embedding: EmbeddingMetadata;
  list_models: ListModelsMetadata;
}

/** The result of a query. */
export interface QueryResult<O extends Operation = Operation> {
  status: 'ok';
  data: OperationData[O];
  metadata: OperationMetadata[O];
}

/** The result of a connection test that did not fail. */
export interface ConnectionResult {
  status: 'ok';
  /** A warning, where the key works but is restricted. */
  message?: string;
}

/** What is known about a failure; never a secret. */
export interface QueryErrorData {
  /** HTTP status of the answer. */
  status?: number;
  /**
   * The API's own code such as `insufficient_quota`, or one of the plugin's: `invalid_option`,
   * `unknown_operation`, `timeout`, `dns_failed`, `connection_refused`, `refusal` and others.
   */
  code?: string;
  /** The API's own type such as `invalid_request_error`. */
  type?: string;
  /** The option or the API's parameter that is meant. */
  param?: string;
  /** The API's id of the request, for support. */
  request_id?: string;
  /**
   * How long the API asks to wait.
   * @unit seconds
   */
  retry_after_seconds?: number;
  /** Requests sent, where there were any. */
  attempts?: number;
  /** The model that was asked. */
  model?: string;
  /** What to do about it; also the end of `description`. */
  hint?: string;
}

/** What `run` and `testConnection` reject with. ToolJet knows it by the name of its class. */
export class QueryError extends Error {
  constructor(message: QueryError['message'], description: string, data?: QueryErrorData);
  message: 'Query could not be completed' | 'Connection could not be established';
  /** What went wrong and what to do, in a sentence. */
  description: string;
  /** `null` only after `testConnection`, where nothing is known beside the description. */
  data: QueryErrorData | null;
}

/** The class that ToolJet makes an instance of for every call; it holds no state. */
export default class OpenAI {
  /**
   * Runs a query. ToolJet passes further arguments, which are not used.
   * @throws {QueryError} `Query could not be completed`
   */
  run<O extends Operation>(
    sourceOptions: SourceOptions,
    queryOptions: Extract<QueryOptions, { operation: O }>,
    ...further: unknown[]
  ): Promise<QueryResult<O>>;

  /**
   * Lists the models to see whether address, key and organization work. Costs nothing and takes at
   * most 15 seconds.
   * @throws {QueryError} `Connection could not be established`
   */
  testConnection(sourceOptions: SourceOptions): Promise<ConnectionResult>;
}
