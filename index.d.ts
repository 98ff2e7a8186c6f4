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

/** Keys of queries saved with ToolJet's own openai plugin, in both spellings. */
export type SavedEmbeddingKey =
  | 'model_embedding'
  | `input_${'M' | '_m'}${1 | 2 | 3}`
  | `encoding_format_${'M' | '_m'}${1 | 2 | 3}`
  | `dimensions_${'M' | '_m'}${1 | 2}`;

// Options: written by `npm run docs` from forms/.

/** The options of a data source. */
export interface SourceOptions {
  /**
   * Create one at platform.openai.com/api-keys. For a server that needs no key, enter any text.
   * Sent as a bearer token, or as `api-key` to Azure OpenAI. Quotation marks around it and
   * `Bearer` before it are removed. Required.
   */
  apiKey: string;
  /**
   * Only needed if the key belongs to several organizations. Sent as `OpenAI-Organization`. The
   * string `null` counts as empty.
   * @default none
   */
  organizationId?: TextOption;
  /**
   * Usage is counted for this project. Only needed if the key belongs to several projects. Sent
   * as `OpenAI-Project`. The string `null` counts as empty.
   * @default none
   */
  project_id?: TextOption;
  /**
   * For Azure OpenAI, a gateway or your own server. Usually ends in /v1. An endpoint such as
   * `/chat/completions` at its end is removed, and so are slashes. A host without a path gets
   * `/v1`, an Azure resource `/openai/v1`; for a server without `/v1`, enter the URL of one of
   * its endpoints. A user name, a password or a fragment is an error. Accepts: URL, http or
   * https, also of an endpoint or an Azure resource; or a host name.
   * @default https://api.openai.com/v1
   */
  base_url?: TextOption;
  /**
   * Sent with every request, for gateways that ask for them. ToolJet does not encrypt the
   * values: write a secret as {{secrets.name}}. They replace the plugin's own `authorization`
   * and IDs. A pair without a value is ignored. Names that belong to the connection or the
   * body, such as `host` and `content-type`, are errors. Accepts: pairs of name and value.
   * @default none
   */
  headers?: Array<[name: string, value: TextOption]> | { [name: string]: TextOption } | Unset;
  /**
   * The longest a query may take, retries included. In ToolJet 3, a query's own Timeout can end
   * it sooner.
   * @unit seconds
   * @range 1 to 3600, whole
   * @default 600
   */
  timeout_seconds?: NumberOption;
  /**
   * How often a query is retried if the server is busy or cannot be reached. Errors such as a
   * wrong key or an exhausted quota are not retried.
   * @range 0 to 10, whole
   * @default 2
   */
  max_retries?: NumberOption;
  /**
   * Turn it on if a gateway or load balancer cuts connections that are silent for about a
   * minute. Results stay the same. For Chat and Completions. If a server rejects streams, the
   * request is sent again without one, and none is asked for within an hour. If an answer
   * breaks off, its text so far is in `error.data.partial`.
   * @default off
   */
  streaming?: 'off' | 'on' | Unset;
}

/** Chat: answers a message. */
export interface ChatOptions extends QueryBase {
  operation: 'chat';
  /**
   * Any model that the server knows. To see them, run a query with the operation List models.
   * Accepts: model ID.
   * @default gpt-5.4-mini
   */
  model?: TextOption;
  /**
   * The message to answer. Accepts: text, or an array of content parts. Required, unless
   * Message history ends with a user message.
   */
  prompt?: TextOption | ContentPart | ContentPart[] | ChatComponentMessage;
  /**
   * Instructions for the whole conversation.
   * @default none
   */
  system_prompt?: TextOption;
  /**
   * Earlier messages, oldest first: the history of ToolJet's Chat component, or a list of
   * messages with role and content. They go between System prompt and Prompt. A Prompt that
   * repeats the last message of a Chat component is sent once. A message that the API would
   * reject is an error that names its index: for example an unknown role, missing content or a
   * missing tool_call_id. Accepts: array of messages with role and content, or the history of
   * ToolJet's Chat component.
   * @default none
   */
  message_history?: Array<Message | ToolMessage> | Message | ChatComponentMessage[] | string | null;
  /**
   * Images, and documents such as PDF, Word, Excel, CSV and text, that the model should look at
   * along with the prompt. The model must be able to read them. Documents other than PDF, and
   * all documents by their URL, go through the Responses API. A file may have up to 50 MB.
   * Accepts: URL, data URI, base64, file of a file picker, or a list of these.
   * @default none
   */
  images?: FileOption | FileOption[] | null;
  /**
   * With JSON, data is the parsed value: name the members you want in the prompt. With both
   * kinds of JSON, a refusal or a truncated answer is an error. A JSON schema goes into the
   * field of that name under Advanced. With `json_object`, the model is told to answer in JSON
   * unless a message does so.
   * @default text
   */
  response_format?: 'text' | 'json_object' | 'json_schema' | Unset;
  /**
   * The longest the answer may be, in tokens, hidden reasoning included. A small number can
   * leave a reasoning model without any visible text.
   * @unit tokens
   * @range at least 1, whole
   * @default none
   */
  max_tokens?: NumberOption;
  /**
   * Higher values make the text more varied, lower values more predictable. Many reasoning
   * models reject it: it is then left out, and metadata says so.
   * @range 0 to 2
   * @default set by the model
   */
  temperature?: NumberOption;
  /**
   * The answer ends before this text. Commas, blanks and line breaks count as typed; for a line
   * break alone, enter ["\n"]. If the model rejects stop sequences, the plugin truncates the
   * answer itself, and metadata says so. Accepts: one sequence as typed, or a JSON array of up
   * to 4.
   * @default none
   */
  stop_sequence?: TextOption | string[];
  /**
   * Text that comes after the answer, and is not part of it. The model is asked to lead up to
   * it.
   * @default none
   */
  suffix?: TextOption;
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
  /**
   * What the answer must look like: an object at the top. Only used with the response format of
   * that name. A name may have up to 64 letters, digits, `_` and `-`. `description` and
   * `strict` may be next to it. If `strict` is missing, it is set where the API can guarantee
   * that the answer fits; otherwise `metadata.not_strict` says why not. Accepts: JSON schema,
   * or an object with name and schema. Required with Response format json_schema. Under
   * Advanced.
   */
  json_schema?: JsonObjectOption;
  /**
   * Some models and features are only in the Responses API. Auto tries Chat Completions first,
   * and uses Responses if the server says so or the query needs it. Metadata says which one
   * answered. Under Advanced.
   * @default auto
   */
  api?: 'auto' | 'chat_completions' | 'responses' | Unset;
  /**
   * How long a reasoning model should think before it answers. Not every model accepts every
   * value. Under Advanced.
   * @default set by the model
   */
  reasoning_effort?: WordOption<
    'unset' | 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'
  >;
  /**
   * With Auto, metadata.reasoning is a summary of what a reasoning model thought. Needs the
   * Responses API. Under Advanced.
   * @default off
   */
  reasoning_summary?: 'off' | 'auto' | Unset;
  /**
   * Pro spends more on a hard question: it takes longer and costs more. Not every model accepts
   * it. Needs the Responses API. Under Advanced.
   * @default standard
   */
  reasoning_mode?: 'standard' | 'pro' | Unset;
  /**
   * How long the answer should be. Not every model accepts it. Under Advanced.
   * @default set by the model
   */
  verbosity?: WordOption<'unset' | 'low' | 'medium' | 'high'>;
  /**
   * With On, the model may search the web, and metadata.sources lists the title and the url of
   * each page. Each search is billed. Needs the Responses API, or a model that always searches.
   * Under Advanced.
   * @default off
   */
  web_search?: 'off' | 'on' | Unset;
  /**
   * How much of the pages the model reads. More costs more. Only used with Web search. Under
   * Advanced.
   * @default medium
   */
  search_context_size?: WordOption<'unset' | 'low' | 'medium' | 'high'>;
  /**
   * The search is limited to these domains and their subdomains. In a URL, only the domain
   * counts. Only used with Web search. `www.` is kept, as a search of the whole domain would
   * allow more than was typed. Accepts: up to 100 domains: text with commas, spaces or line
   * breaks between them, or a JSON array. Under Advanced.
   * @default the whole web
   */
  search_domains?: TextOption | string[];
  /**
   * Where the user is, so that results fit the country. Only used with Web search. Accepts:
   * two-letter ISO code of a country, in upper or lower case. Under Advanced.
   * @default set by the API: the United States
   */
  search_country?: TextOption;
  /**
   * Functions that the model may ask your app to run. metadata.tool_calls has the calls, each
   * with name and arguments; data is null if the model writes nothing else. A parameter is
   * `string`, `number`, `integer` or `boolean`, such a type with `[]` for a list, a list of
   * allowed values, an object of parameters, or a list with one such object. A description may
   * follow a type after a colon, or stand alone for text; a `?` after the name makes the
   * parameter optional. A function with a description is `{"name", "description",
   * "parameters"}` in an array, where `parameters` may also be a JSON schema; the shapes of
   * Chat and of the Responses API are taken too. If `strict` is missing, it is set where the
   * API can guarantee that the arguments fit. Accepts: JSON object of names with parameters, or
   * a JSON array of functions. Under Advanced.
   * @default none
   */
  tools?: ToolsOption;
  /**
   * Whether the model may, must or must not call a tool, or which one it must call. Accepts:
   * `auto`, `none`, `required`, the name of a tool, or Chat's object for it. Under Advanced.
   * @default auto
   */
  tool_choice?: TextOption | ToolChoice;
  /**
   * What the API checks for harmful content, within the same request. The answer comes all the
   * same: metadata.moderation says what is flagged, so that the app can hide it. If the server
   * does not check what was asked for, the query fails. The input is the whole conversation.
   * Under Advanced.
   * @default off
   */
  moderation?: 'off' | 'input' | 'output' | 'both' | Unset;
  /**
   * How closely the model should look at images. Not every model accepts every value. With
   * `original`, the query goes through the Responses API. Under Advanced.
   * @default set by the model
   */
  image_detail?: WordOption<'unset' | 'auto' | 'low' | 'high' | 'original'>;
  /**
   * With more than one, data is a list of answers. All of them are billed. Under Advanced.
   * @range 1 to 128, whole
   * @default 1
   */
  n?: NumberOption;
  /**
   * Only the most likely tokens are considered, up to this total probability. Under Advanced.
   * @range 0 to 1
   * @default set by the model
   */
  top_p?: NumberOption;
  /**
   * Above 0, a token becomes less likely each time it appears. Under Advanced.
   * @range -2 to 2
   * @default set by the model
   */
  frequency_penalty?: NumberOption;
  /**
   * Above 0, a token becomes less likely once it has appeared. Under Advanced.
   * @range -2 to 2
   * @default set by the model
   */
  presence_penalty?: NumberOption;
  /**
   * The same seed with the same settings tends to give the same answer. The API does not
   * guarantee it. Under Advanced.
   * @range whole
   * @default none
   */
  seed?: NumberOption;
  /**
   * Speed and price of the request. Auto is the project's own setting. The API rejects a tier
   * that the account may not use. Under Advanced.
   * @default auto
   */
  service_tier?: WordOption<'unset' | 'auto' | 'default' | 'flex' | 'scale' | 'priority' | 'fast'>;
  /**
   * Requests with the same long beginning and the same key are more often served from the
   * prompt cache. Under Advanced.
   * @default none
   */
  prompt_cache_key?: TextOption;
  /**
   * A stable ID of the end user, so that OpenAI can tell users apart. Send a hash, not a name
   * or an email address. Accepts: text of up to 128 characters. Under Advanced.
   * @default none
   */
  safety_identifier?: TextOption;
  /**
   * Stored with the request at OpenAI; not the metadata that the query returns. Up to 16 keys
   * of 64 characters, values of up to 512. Accepts: JSON object of up to 16 strings. Under
   * Advanced.
   * @default none
   */
  metadata?: JsonObjectOption;
  /**
   * More members of the request, as JSON. They are added last and override those of the form.
   * `stream` and `stream_options` are errors. Under Advanced.
   * @default none
   */
  extra_body?: JsonObjectOption;
}

/** Chat for a list: answers a message for each row of a list, several at once. */
export interface ChatListOptions extends QueryBase {
  operation: 'chat_list';
  /**
   * A list with a prompt for each row. All other fields are shared by all rows. An object may
   * have what is its own in place of what all rows share: `system_prompt`, `images` and
   * `message_history`; other members are ignored, so that rows of a table with a column
   * `prompt` can be passed as they are. Up to 10,000 rows. A row that cannot be used is one
   * that failed. Accepts: JSON array of texts, arrays of content parts, or objects with prompt,
   * system_prompt, images and message_history. Required.
   */
  prompts: ListRow[] | string;
  /**
   * Any model that the server knows. To see them, run a query with the operation List models.
   * Accepts: model ID.
   * @default gpt-5.4-mini
   */
  model?: TextOption;
  /**
   * Instructions for the whole conversation.
   * @default none
   */
  system_prompt?: TextOption;
  /**
   * Earlier messages, oldest first: the history of ToolJet's Chat component, or a list of
   * messages with role and content. They go between System prompt and Prompt. A Prompt that
   * repeats the last message of a Chat component is sent once. A message that the API would
   * reject is an error that names its index: for example an unknown role, missing content or a
   * missing tool_call_id. Accepts: array of messages with role and content, or the history of
   * ToolJet's Chat component.
   * @default none
   */
  message_history?: Array<Message | ToolMessage> | Message | ChatComponentMessage[] | string | null;
  /**
   * Images, and documents such as PDF, Word, Excel, CSV and text, that the model should look at
   * along with the prompt. The model must be able to read them. Documents other than PDF, and
   * all documents by their URL, go through the Responses API. A file may have up to 50 MB.
   * Accepts: URL, data URI, base64, file of a file picker, or a list of these.
   * @default none
   */
  images?: FileOption | FileOption[] | null;
  /**
   * With JSON, data is the parsed value: name the members you want in the prompt. With both
   * kinds of JSON, a refusal or a truncated answer is an error. A JSON schema goes into the
   * field of that name under Advanced. With `json_object`, the model is told to answer in JSON
   * unless a message does so.
   * @default text
   */
  response_format?: 'text' | 'json_object' | 'json_schema' | Unset;
  /**
   * The longest the answer may be, in tokens, hidden reasoning included. A small number can
   * leave a reasoning model without any visible text.
   * @unit tokens
   * @range at least 1, whole
   * @default none
   */
  max_tokens?: NumberOption;
  /**
   * Higher values make the text more varied, lower values more predictable. Many reasoning
   * models reject it: it is then left out, and metadata says so.
   * @range 0 to 2
   * @default set by the model
   */
  temperature?: NumberOption;
  /**
   * The answer ends before this text. Commas, blanks and line breaks count as typed; for a line
   * break alone, enter ["\n"]. If the model rejects stop sequences, the plugin truncates the
   * answer itself, and metadata says so. Accepts: one sequence as typed, or a JSON array of up
   * to 4.
   * @default none
   */
  stop_sequence?: TextOption | string[];
  /**
   * Text that comes after the answer, and is not part of it. The model is asked to lead up to
   * it.
   * @default none
   */
  suffix?: TextOption;
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * How many rows may be asked at once. If the server says that requests come too fast, there
   * are fewer for a while. Under Advanced.
   * @range 1 to 64, whole
   * @default 8
   */
  parallel?: NumberOption;
  /**
   * With Continue, the answer of a row that failed is null, and metadata.failed says why. With
   * Stop, the query fails with it; data.partial has the answers so far. Under Advanced.
   * @default continue
   */
  on_failure?: 'continue' | 'stop' | Unset;
  /**
   * With Ask once, rows that are the same get the same answer, for the price of one. Under
   * Advanced.
   * @default each
   */
  same_prompts?: 'each' | 'once' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
  /**
   * What the answer must look like: an object at the top. Only used with the response format of
   * that name. A name may have up to 64 letters, digits, `_` and `-`. `description` and
   * `strict` may be next to it. If `strict` is missing, it is set where the API can guarantee
   * that the answer fits; otherwise `metadata.not_strict` says why not. Accepts: JSON schema,
   * or an object with name and schema. Required with Response format json_schema. Under
   * Advanced.
   */
  json_schema?: JsonObjectOption;
  /**
   * Some models and features are only in the Responses API. Auto tries Chat Completions first,
   * and uses Responses if the server says so or the query needs it. Metadata says which one
   * answered. Under Advanced.
   * @default auto
   */
  api?: 'auto' | 'chat_completions' | 'responses' | Unset;
  /**
   * How long a reasoning model should think before it answers. Not every model accepts every
   * value. Under Advanced.
   * @default set by the model
   */
  reasoning_effort?: WordOption<
    'unset' | 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'
  >;
  /**
   * With Auto, metadata.reasoning is a summary of what a reasoning model thought. Needs the
   * Responses API. Under Advanced.
   * @default off
   */
  reasoning_summary?: 'off' | 'auto' | Unset;
  /**
   * Pro spends more on a hard question: it takes longer and costs more. Not every model accepts
   * it. Needs the Responses API. Under Advanced.
   * @default standard
   */
  reasoning_mode?: 'standard' | 'pro' | Unset;
  /**
   * How long the answer should be. Not every model accepts it. Under Advanced.
   * @default set by the model
   */
  verbosity?: WordOption<'unset' | 'low' | 'medium' | 'high'>;
  /**
   * With On, the model may search the web, and metadata.sources lists the title and the url of
   * each page. Each search is billed. Needs the Responses API, or a model that always searches.
   * Under Advanced.
   * @default off
   */
  web_search?: 'off' | 'on' | Unset;
  /**
   * How much of the pages the model reads. More costs more. Only used with Web search. Under
   * Advanced.
   * @default medium
   */
  search_context_size?: WordOption<'unset' | 'low' | 'medium' | 'high'>;
  /**
   * The search is limited to these domains and their subdomains. In a URL, only the domain
   * counts. Only used with Web search. `www.` is kept, as a search of the whole domain would
   * allow more than was typed. Accepts: up to 100 domains: text with commas, spaces or line
   * breaks between them, or a JSON array. Under Advanced.
   * @default the whole web
   */
  search_domains?: TextOption | string[];
  /**
   * Where the user is, so that results fit the country. Only used with Web search. Accepts:
   * two-letter ISO code of a country, in upper or lower case. Under Advanced.
   * @default set by the API: the United States
   */
  search_country?: TextOption;
  /**
   * Functions that the model may ask your app to run. metadata.tool_calls has the calls, each
   * with name and arguments; data is null if the model writes nothing else. A parameter is
   * `string`, `number`, `integer` or `boolean`, such a type with `[]` for a list, a list of
   * allowed values, an object of parameters, or a list with one such object. A description may
   * follow a type after a colon, or stand alone for text; a `?` after the name makes the
   * parameter optional. A function with a description is `{"name", "description",
   * "parameters"}` in an array, where `parameters` may also be a JSON schema; the shapes of
   * Chat and of the Responses API are taken too. If `strict` is missing, it is set where the
   * API can guarantee that the arguments fit. Accepts: JSON object of names with parameters, or
   * a JSON array of functions. Under Advanced.
   * @default none
   */
  tools?: ToolsOption;
  /**
   * Whether the model may, must or must not call a tool, or which one it must call. Accepts:
   * `auto`, `none`, `required`, the name of a tool, or Chat's object for it. Under Advanced.
   * @default auto
   */
  tool_choice?: TextOption | ToolChoice;
  /**
   * What the API checks for harmful content, within the same request. The answer comes all the
   * same: metadata.moderation says what is flagged, so that the app can hide it. If the server
   * does not check what was asked for, the query fails. The input is the whole conversation.
   * Under Advanced.
   * @default off
   */
  moderation?: 'off' | 'input' | 'output' | 'both' | Unset;
  /**
   * How closely the model should look at images. Not every model accepts every value. With
   * `original`, the query goes through the Responses API. Under Advanced.
   * @default set by the model
   */
  image_detail?: WordOption<'unset' | 'auto' | 'low' | 'high' | 'original'>;
  /**
   * With more than one, data is a list of answers. All of them are billed. Under Advanced.
   * @range 1 to 128, whole
   * @default 1
   */
  n?: NumberOption;
  /**
   * Only the most likely tokens are considered, up to this total probability. Under Advanced.
   * @range 0 to 1
   * @default set by the model
   */
  top_p?: NumberOption;
  /**
   * Above 0, a token becomes less likely each time it appears. Under Advanced.
   * @range -2 to 2
   * @default set by the model
   */
  frequency_penalty?: NumberOption;
  /**
   * Above 0, a token becomes less likely once it has appeared. Under Advanced.
   * @range -2 to 2
   * @default set by the model
   */
  presence_penalty?: NumberOption;
  /**
   * The same seed with the same settings tends to give the same answer. The API does not
   * guarantee it. Under Advanced.
   * @range whole
   * @default none
   */
  seed?: NumberOption;
  /**
   * Speed and price of the request. Auto is the project's own setting. The API rejects a tier
   * that the account may not use. Under Advanced.
   * @default auto
   */
  service_tier?: WordOption<'unset' | 'auto' | 'default' | 'flex' | 'scale' | 'priority' | 'fast'>;
  /**
   * Requests with the same long beginning and the same key are more often served from the
   * prompt cache. Under Advanced.
   * @default none
   */
  prompt_cache_key?: TextOption;
  /**
   * A stable ID of the end user, so that OpenAI can tell users apart. Send a hash, not a name
   * or an email address. Accepts: text of up to 128 characters. Under Advanced.
   * @default none
   */
  safety_identifier?: TextOption;
  /**
   * Stored with the request at OpenAI; not the metadata that the query returns. Up to 16 keys
   * of 64 characters, values of up to 512. Accepts: JSON object of up to 16 strings. Under
   * Advanced.
   * @default none
   */
  metadata?: JsonObjectOption;
  /**
   * More members of the request, as JSON. They are added last and override those of the form.
   * `stream` and `stream_options` are errors. Under Advanced.
   * @default none
   */
  extra_body?: JsonObjectOption;
}

/** Completions: continues a text. */
export interface CompletionOptions extends QueryBase {
  operation: 'completion';
  /**
   * Any model that the server knows. A chat model continues the text through Chat. Accepts:
   * model ID.
   * @default gpt-3.5-turbo-instruct, and gpt-5.4-mini if that is gone
   */
  model?: TextOption;
  /** The text to continue. Required. */
  prompt: TextOption;
  /**
   * The longest the answer may be, in tokens. Prompt and answer together must fit the model's
   * context window.
   * @unit tokens
   * @range at least 1, whole
   * @default 256
   */
  max_tokens?: NumberOption;
  /**
   * Higher values make the text more varied, lower values more predictable. Many reasoning
   * models reject it: it is then left out, and metadata says so.
   * @range 0 to 2
   * @default set by the model
   */
  temperature?: NumberOption;
  /**
   * The answer ends before this text. Commas, blanks and line breaks count as typed; for a line
   * break alone, enter ["\n"]. If the model rejects stop sequences, the plugin truncates the
   * answer itself, and metadata says so. Accepts: one sequence as typed, or a JSON array of up
   * to 4.
   * @default none
   */
  stop_sequence?: TextOption | string[];
  /**
   * Text that comes after the inserted text, and is not part of the answer. A chat model is
   * asked to lead up to it.
   * @default none
   */
  suffix?: TextOption;
  /**
   * OpenAI no longer serves models at the Completions endpoint; other servers do. Auto tries it
   * first, and lets a chat model continue the text if the model or the endpoint is gone.
   * Metadata says which one answered.
   * @default auto
   */
  engine?: 'auto' | 'completions' | 'chat' | Unset;
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
  /**
   * With more than one, data is a list of answers. All of them are billed. Under Advanced.
   * @range 1 to 128, whole
   * @default 1
   */
  n?: NumberOption;
  /**
   * The server writes this many answers and returns the most likely. At least Number of
   * results. All of them are billed. Under Advanced.
   * @range 1 to 20, whole
   * @default 1
   */
  best_of?: NumberOption;
  /**
   * Only the most likely tokens are considered, up to this total probability. Under Advanced.
   * @range 0 to 1
   * @default set by the model
   */
  top_p?: NumberOption;
  /**
   * Above 0, a token becomes less likely each time it appears. Under Advanced.
   * @range -2 to 2
   * @default set by the model
   */
  frequency_penalty?: NumberOption;
  /**
   * Above 0, a token becomes less likely once it has appeared. Under Advanced.
   * @range -2 to 2
   * @default set by the model
   */
  presence_penalty?: NumberOption;
  /**
   * Whether the answer starts with the prompt. Under Advanced.
   * @default false
   */
  echo?: FlagOption | 'unset';
  /**
   * The same seed with the same settings tends to give the same answer. The API does not
   * guarantee it. Under Advanced.
   * @range whole
   * @default none
   */
  seed?: NumberOption;
  /**
   * Adds the log probability of each token, and of this many alternatives, to metadata. Under
   * Advanced.
   * @range 0 to 5, whole
   * @default none
   */
  logprobs?: NumberOption;
  /**
   * More members of the request, as JSON. They are added last and override those of the form.
   * `stream` and `stream_options` are errors. Under Advanced.
   * @default none
   */
  extra_body?: JsonObjectOption;
}

/** Generate image: draws an image, or changes one. */
export interface ImageGenerationOptions extends QueryBase {
  operation: 'image_generation';
  /**
   * Any image model that the server knows. Accepts: model ID.
   * @default gpt-image-2
   */
  image_model?: TextOption;
  /** What the image should show. Up to 32000 characters. Required. */
  prompt: TextOption;
  /**
   * Width and height in pixels, both divisible by 16. Accepts: `auto`, or width x height such
   * as 1024x1024.
   * @unit pixels
   * @default set by the model
   */
  size?: TextOption;
  /**
   * Images to start from. With them, Prompt says what to change; without them, a new image is
   * drawn. Accepts: image URL, data URI, base64, file of a file picker, or a list of up to 16
   * of these.
   * @default none
   */
  images?: FileOption | FileOption[] | null;
  /**
   * The first of Images changes only where this image is transparent. Accepts: image URL, data
   * URI, base64 or file of a file picker.
   * @default none
   */
  mask?: FileOption | FileOption[] | null;
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
  /**
   * Higher quality takes longer and costs more. Not every model accepts every value. Under
   * Advanced.
   * @default set by the model
   */
  quality?: WordOption<'unset' | 'auto' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'>;
  /**
   * How much the model plans before it draws, whatever the quality. Not every model accepts it.
   * Under Advanced.
   * @default set by the model
   */
  complexity?: WordOption<'unset' | 'low' | 'medium' | 'high'>;
  /**
   * Transparent needs the output format PNG or WebP. Not every model accepts it. Under
   * Advanced.
   * @default set by the model
   */
  background?: WordOption<'unset' | 'auto' | 'transparent' | 'opaque'>;
  /**
   * The file format of the image. Not every model accepts every format. Under Advanced.
   * @default png
   */
  output_format?: WordOption<'unset' | 'png' | 'jpeg' | 'webp' | 'gif' | 'svg'>;
  /**
   * How much of the quality of a JPEG or WebP is kept, in percent. Under Advanced.
   * @unit percent
   * @range 0 to 100, whole
   * @default set by the model
   */
  output_compression?: NumberOption;
  /**
   * How strictly the API filters what it draws. Under Advanced.
   * @default set by the model
   */
  image_moderation?: WordOption<'unset' | 'auto' | 'low'>;
  /**
   * With more than one, data.images lists them. All of them are billed. Under Advanced.
   * @range 1 to 10, whole
   * @default 1
   */
  image_count?: NumberOption;
  /**
   * More members of the request, as JSON. They are added last and override those of the form.
   * `stream` and `stream_options` are errors. Under Advanced.
   * @default none
   */
  image_extra_body?: JsonObjectOption;
  /**
   * Read if `image_model` is not set and this names an image model, as in queries saved with
   * ToolJet's own plugin. Accepts: model ID.
   * @default none
   */
  model?: TextOption;
  /**
   * Read if `image_count` is not set, in queries made without the form: those without
   * `advanced`.
   * @range 1 to 10, whole
   * @default none
   */
  n?: NumberOption;
  /**
   * Read if `image_extra_body` is not set, in queries made without the form: those without
   * `advanced`.
   * @default none
   */
  extra_body?: JsonObjectOption;
}

/** Transcribe: turns a recording into text. */
export interface TranscriptionOptions extends QueryBase {
  operation: 'transcription';
  /**
   * What to transcribe: FLAC, M4A, MP3, MP4, MPEG, Ogg, WAV or WebM of up to 25 MB. Accepts:
   * data URI, base64, or file of a file picker or an audio recorder. Required.
   */
  file: FileOption | FileOption[];
  /**
   * Any transcription model that the server knows. Accepts: model ID.
   * @default gpt-transcribe
   */
  transcription_model?: TextOption;
  /**
   * Names and terms that may be spoken, as they are spelled. Accepts: text with commas, or a
   * JSON array of texts.
   * @default none
   */
  keywords?: TextOption | string[];
  /**
   * The languages that may be spoken, as codes of two letters. The model hears better where it
   * need not guess. Accepts: text with commas, or a JSON array of texts: codes of two letters.
   * @default none
   */
  languages?: TextOption | string[];
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
  /**
   * What the recording is about, or the text that comes before it, in the language that is
   * spoken. Under Advanced.
   * @default none
   */
  prompt?: TextOption;
}

/** Generate embedding: turns text into a vector. */
export interface EmbeddingOptions extends QueryBase, Partial<Record<SavedEmbeddingKey, unknown>> {
  operation: 'generate_embedding';
  /**
   * Any embedding model that the server knows. Accepts: model ID.
   * @default text-embedding-3-small
   */
  model_embedding?: TextOption;
  /**
   * What to turn into vectors. Each string may have up to 8192 tokens. Long lists are sent in
   * several requests. Accepts: text, or a JSON array of strings. Required, here or under a key
   * of a saved query.
   */
  input?: TextOption | string[];
  /**
   * How many numbers each vector should have. For text-embedding-3 models and later.
   * @range at least 1, whole
   * @default set by the model
   */
  dimensions?: NumberOption;
  /**
   * Float gives a list of numbers, Base64 a single string, a third as long. The API is asked
   * for base64 either way.
   * @default float
   */
  encoding_format?: 'unset' | 'float' | 'base64' | Unset;
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
  /**
   * More members of the request, as JSON. They are added last and override those of the form.
   * `stream` and `stream_options` are errors. Under Advanced.
   * @default none
   */
  embedding_extra_body?: JsonObjectOption;
  /**
   * Read if `model_embedding` is not set and this names an embedding model. Accepts: model ID.
   * @default none
   */
  model?: TextOption;
  /**
   * Read if `embedding_extra_body` is not set, in queries made without the form: those without
   * `advanced`.
   * @default none
   */
  extra_body?: JsonObjectOption;
}

/** Decide: answers yes or no, picks one of several, or gives a score. */
export interface DecisionOptions extends QueryBase {
  operation: 'decision';
  /**
   * The model that decides. OpenAI takes only the default; other servers need the name of a
   * chat model. Accepts: model ID.
   * @default gpt-6-luna
   */
  decision_model?: TextOption;
  /** What to decide about. Accepts: text; any other value is sent as JSON. Required. */
  input: unknown;
  /** What to ask about the input. Required, unless Questions is set. */
  question?: TextOption;
  /**
   * What kind of answer data has.
   * @default yes_no
   */
  kind?: 'yes_no' | 'one_of' | 'score' | Unset;
  /**
   * What to choose from, or the levels of the score from low to high. A score is on the scale
   * of its levels if all of them are numbers, else the first level counts as 1. It is mostly
   * between two of them. Accepts: text with commas, or a JSON array: 2 to 255 texts, or 2 to 10
   * levels of a score. Required for One of these; 1 to 5 for Score.
   */
  choices?: TextOption | string[];
  /**
   * How probable a yes must be for the answer to be yes. The app gets the probability, too.
   * @range 0 to 1
   * @default 0.5
   */
  threshold?: NumberOption;
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
  /**
   * Several questions about the same input, in place of Question. Data is then a list of
   * answers in their order. Accepts: JSON array of up to 400 questions with question, and kind,
   * choices and name. Under Advanced.
   * @default none
   */
  questions?: unknown[] | string | null;
}

/** Moderate: checks text and images for harmful content, free of charge. */
export interface ModerationOptions extends QueryBase {
  operation: 'moderation';
  /**
   * What to check. Each string in a list is checked separately; text and an image in a list are
   * checked together. Accepts: text, an image (picked file or data URI), or a JSON array of
   * these. Required.
   */
  input: TextOption | FileOption | Array<string | FileOption>;
  /**
   * Any moderation model that the server knows. Accepts: model ID.
   * @default omni-moderation-latest
   */
  moderation_model?: TextOption;
  /**
   * Off: the fields under Advanced are ignored. Not set at all, as in queries made without the
   * form: they count.
   * @default none
   */
  advanced?: 'on' | 'off' | Unset;
  /**
   * With Answer and details, data is an object with the answer, token usage, model,
   * finish_reason and everything else in metadata. Useful in ToolJet 2, where queries have no
   * metadata. Under Advanced.
   * @default answer
   */
  result?: 'answer' | 'details' | Unset;
}

/** List models: shows what the server offers. */
export interface ListModelsOptions extends QueryBase {
  operation: 'list_models';
  /**
   * Leaves out the models that are known to be for something else. A model whose name does not
   * tell what it is for stays in the list, as most of other servers do.
   * @default all
   */
  purpose?: 'all' | 'chat' | 'image' | 'embedding' | 'transcription' | Unset;
  /**
   * Only the models whose ID contains this text, in upper or lower case.
   * @default none
   */
  filter?: TextOption;
  /**
   * Whether the list also has models whose shutdown date has come. They are left out by the
   * date that the server gives, and at OpenAI also by those of its deprecations page.
   * @default false
   */
  include_ended?: FlagOption | 'unset';
}

/** A query, told apart by its `operation`. Options of other operations are ignored. */
export type QueryOptions =
  | ChatOptions
  | ChatListOptions
  | CompletionOptions
  | ImageGenerationOptions
  | TranscriptionOptions
  | EmbeddingOptions
  | DecisionOptions
  | ModerationOptions
  | ListModelsOptions;

// End of options.

export type Operation = QueryOptions['operation'];

/** One text; with `n` above 1 an array of texts, with `null` for an answer that failed. */
export type CompletionData = string | Array<string | null>;

/**
 * One text, or the parsed value with a JSON response format; with `n` above 1 an array of these,
 * with `null` for an answer that failed. Text is empty only next to audio or images, and `null`
 * where the model only calls tools.
 */
export type ChatData = JsonValue;

/** An image: base64 text from OpenAI's models; other servers may give a URL. */
export type GeneratedImage = { url: string } | { b64_json: string };

export interface ImageGenerationData {
  status: 'success';
  message: 'Image generated successfully';
  /** The first image. */
  data: GeneratedImage;
  /** All of them as what an Image component shows: data URIs, or URLs. Not there if one is too large for it. */
  images?: string[];
}

/** A vector: numbers, or base64 text with `encoding_format: 'base64'`. */
export type Embedding = number[] | string;

export interface EmbeddingData {
  /** The vector of the first input. */
  embedding: Embedding;
  /** With several inputs: the vectors of all, in their order. */
  embeddings?: Embedding[];
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

export interface CompletionMetadata extends TextMetadata {
  /** The chat model of the fallback, in place of the requested model. */
  substituted_model?: string;
}

// Results: written by `npm run docs` from forms/.

/** A row of a list: a prompt, or one with what is its own in place of what all rows share. Other members are ignored. */
export type ListRow =
  | string
  | number
  | boolean
  | ContentPart[]
  | {
      prompt?: ChatOptions['prompt'];
      system_prompt?: ChatOptions['system_prompt'];
      images?: ChatOptions['images'];
      message_history?: ChatOptions['message_history'];
    };

/** The answer of each row in the order of the prompts, as Chat has it; `null` where the row failed. */
export type ChatListData = Array<ChatData>;

/** A row that failed. */
export interface FailedRow {
  /** Of the row, from 0. */
  index: number;
  /** The API's code, its type, `http_` and the status, or the plugin's own code, such as `timeout`. */
  code: string;
  /** What happened and what to do. Not there after very many failures. */
  description?: string;
  /** What the model wrote all the same. */
  partial?: string | string[];
}

export interface ChatListMetadata extends Partial<ModelMetadata> {
  /** Requests sent for all rows together. */
  attempts: number;
  /** How many rows there are. */
  rows: number;
  /** How many of them have an answer. */
  answered: number;
  /** How many failed because the time was up. */
  timed_out?: number;
  /** The rows that failed, in their order. */
  failed: FailedRow[];
  /** The most rows that were under way at once. */
  parallel: number;
  /** Of the rows whose answer did not simply end, such as `length`. */
  finish_reasons?: Array<{ index: number; finish_reason: string }>;
  /** Of the rows that have more than an answer, such as tool calls, sources or reasoning. */
  details?: Array<{ index: number } & Partial<ChatMetadata>>;
  /** The rows for which more than one request was sent. */
  retried?: Array<{ index: number; attempts: number }>;
  /** The models that answered. */
  models?: string[];
  /** If there are several: the API's paths that answered. */
  endpoints?: string[];
  /** Why the API does not guarantee that the answers fit the JSON schema; absent if it does. */
  not_strict?: string;
}

export interface TranscriptionMetadata extends ModelMetadata {
  /** The model that was asked, or the one that answered where the server says so. */
  model: string;
  /** The languages that were heard, such as `en`; absent where the server names none. */
  languages?: string[];
  /**
   * How long the recording is, where the server says so next to its usage.
   * @unit seconds
   */
  duration?: number;
}

/**
 * For Yes or no whether the probability reaches the threshold, for One of these the chosen text, for Score a number on
 * the scale of the levels: their own if all are numbers, else the first is 1. It is mostly between two of them.
 * With `questions`, `data` is a list of these, with `null` for a question that the model declined to answer.
 */
export type DecisionData = { answer: boolean; probability: number } | string | boolean | number;

export interface DecisionMetadata extends ModelMetadata {
  /** The model that answered. */
  model?: string;
  /**
   * The answers in the API's own shape, with probabilities where the endpoint for decisions gave them. Levels of a
   * score count from 0 there.
   */
  answers: unknown[];
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

export interface ModerationMetadata extends RequestMetadata {
  /** The model that answered. */
  model?: string;
  /** The API's id of the moderation. */
  id?: string;
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

export interface ListModelsMetadata extends RequestMetadata {
  /** Models in the list. */
  count: number;
}

/** The `data` of each operation. */
export interface OperationData {
  chat: ChatData;
  chat_list: ChatListData;
  completion: CompletionData;
  image_generation: ImageGenerationData;
  transcription: string;
  generate_embedding: EmbeddingData;
  decision: DecisionData | Array<DecisionData | null>;
  moderation: ModerationData | ModerationData[];
  list_models: ListedModel[];
}

/** The `metadata` of each operation. */
export interface OperationMetadata {
  chat: ChatMetadata;
  chat_list: ChatListMetadata;
  completion: CompletionMetadata;
  image_generation: ImageGenerationMetadata;
  transcription: TranscriptionMetadata;
  generate_embedding: EmbeddingMetadata;
  decision: DecisionMetadata;
  moderation: ModerationMetadata;
  list_models: ListModelsMetadata;
}

// End of results.

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
