import { dropdown, json, text } from '../controls.mjs';
import { DEFAULT_CHAT_MODEL } from '../core.mjs';
import {
  extraTextBody,
  frequencyPenalty,
  maxTokens,
  numberOfResults,
  presencePenalty,
  result,
  seed,
  stopSequence,
  temperature,
  topP,
} from '../shared-fields.mjs';

export default {
  value: 'chat',
  order: 10,
  name: 'Chat',
  types: 'ChatOptions',
  summary: 'answers a message',
  endpoints: ['/chat/completions', '/responses'],
  data: 'ChatData',
  metadata: 'ChatMetadata',
  basic: [
    text('model', 'Model', {
      placeholder: `e.g. gpt-6-luna; ${DEFAULT_CHAT_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_CHAT_MODEL,
      help: 'Any model that the server knows. To see them, run a query with the operation List models.',
      models: 'chat',
    }),
    text('prompt', 'Prompt', {
      control: 'editor',
      mode: 'text',
      placeholder: 'Your question, e.g. {{components.textinput1.value}}',
      accepts: 'Text, or an array of content parts',
      fallback: 'Required, unless Message history ends with a user message',
      type: 'TextOption | ContentPart | ContentPart[] | ChatComponentMessage',
      help: 'The message to answer.',
    }),
    text('system_prompt', 'System prompt', {
      control: 'editor',
      mode: 'text',
      placeholder: 'How to answer, e.g. You are a friendly support agent.',
      help: 'Instructions for the whole conversation.',
    }),
    json('message_history', 'Message history', {
      placeholder: '{{components.chat1.history}} or [{"role": "user", "content": "Hi"}]',
      accepts:
        "Array of messages with role and content, or the history of ToolJet's Chat component",
      type: 'Array<Message | ToolMessage> | Message | ChatComponentMessage[] | string | null',
      help: "Earlier messages, oldest first: the history of ToolJet's Chat component, or a list of messages with role and content.",
      details:
        'They go between System prompt and Prompt. A Prompt that repeats the last message of a Chat component is sent once. A message that the API would reject is an error that names its index: for example an unknown role, missing content or a missing tool_call_id.',
    }),
    json('images', 'Images and files', {
      control: 'line',
      placeholder: 'e.g. {{components.filepicker1.file}} with images or documents',
      accepts: 'URL, data URI, base64, file of a file picker, or a list of these',
      type: 'FileOption | FileOption[] | null',
      help: 'Images, and documents such as PDF, Word, Excel, CSV and text, that the model should look at along with the prompt.',
      details:
        'The model must be able to read them. Documents other than PDF, and all documents by their URL, go through the Responses API. A file may have up to 50 MB.',
    }),
    dropdown('response_format', 'Response format', {
      choices: [
        ['Text', 'text'],
        ['JSON', 'json_object'],
        ['JSON with a schema (in Advanced)', 'json_schema'],
      ],
      initial: 'text',
      help: 'With JSON, data is the parsed value: name the members you want in the prompt. With both kinds of JSON, a refusal or a truncated answer is an error. A JSON schema goes into the field of that name under Advanced.',
      details: 'With `json_object`, the model is told to answer in JSON unless a message does so.',
    }),
    maxTokens({
      placeholder: 'e.g. 500; no limit if empty',
      help: 'Maximum length of the answer in tokens, including hidden reasoning. A small number can leave a reasoning model without any visible text.',
    }),
    temperature,
    stopSequence,
    text('suffix', 'Suffix', {
      placeholder: 'What the answer should lead up to, e.g. Kind regards, Ada',
      help: 'The model is told that this text follows its answer, so that the answer leads up to it. It is not added to the answer.',
    }),
  ],
  advanced: [
    result,
    json('json_schema', 'JSON schema', {
      placeholder: 'e.g. {"type": "object", "properties": {"name": {"type": "string"}}}',
      accepts: 'JSON schema, or an object with name and schema',
      fallback: 'Required with Response format `json_schema`',
      help: 'The structure of the answer, with an object at the top. Only used with the response format of that name.',
      details:
        'A name may have up to 64 letters, digits, `_` and `-`. `description` and `strict` may be next to it. If `strict` is missing, it is set where the API can guarantee that the answer fits; otherwise `metadata.not_strict` says why not.',
    }),
    dropdown('api', 'API', {
      choices: [
        ['Auto: Chat Completions, or Responses where needed', 'auto'],
        ['Chat Completions', 'chat_completions'],
        ['Responses', 'responses'],
      ],
      initial: 'auto',
      help: 'Some models and features are only in the Responses API. Auto tries Chat Completions first, and uses Responses if the server says so or the query needs it. Metadata says which one answered.',
    }),
    dropdown('reasoning_effort', 'Reasoning effort', {
      choices: [
        ['None', 'none'],
        ['Minimal', 'minimal'],
        ['Low', 'low'],
        ['Medium', 'medium'],
        ['High', 'high'],
        ['Extra high', 'xhigh'],
        ['Max', 'max'],
      ],
      isOpen: true,
      help: 'How long a reasoning model should think before it answers. Not every model accepts every value.',
    }),
    dropdown('reasoning_summary', 'Reasoning summary', {
      choices: [
        ['Off', 'off'],
        ['Auto', 'auto'],
      ],
      initial: 'off',
      help: 'With Auto, metadata.reasoning is a summary of what a reasoning model thought. Needs the Responses API.',
    }),
    dropdown('reasoning_mode', 'Reasoning mode', {
      choices: [
        ['Standard', 'standard'],
        ['Pro', 'pro'],
      ],
      initial: 'standard',
      help: 'Pro spends more on a hard question: it takes longer and costs more. Not every model accepts it. Needs the Responses API.',
    }),
    dropdown('verbosity', 'Verbosity', {
      choices: [
        ['Low', 'low'],
        ['Medium', 'medium'],
        ['High', 'high'],
      ],
      isOpen: true,
      help: 'How long the answer should be. Not every model accepts it.',
    }),
    dropdown('web_search', 'Web search', {
      choices: [
        ['Off', 'off'],
        ['On', 'on'],
      ],
      initial: 'off',
      help: 'With On, the model may search the web, and metadata.sources lists the title and the url of each page. Each search is billed. Needs the Responses API, or a model that always searches.',
    }),
    dropdown('search_context_size', 'Search context size', {
      choices: [
        ['Low', 'low'],
        ['Medium', 'medium'],
        ['High', 'high'],
      ],
      isOpen: true,
      fallback: '`medium`',
      help: 'How much of the pages the model reads. A larger size costs more. Only used with Web search.',
    }),
    text('search_domains', 'Allowed domains', {
      placeholder: 'e.g. example.com, docs.example.org; the whole web if empty',
      accepts:
        'Up to 100 domains: text with commas, spaces or line breaks between them, or a JSON array',
      fallback: 'the whole web',
      type: 'TextOption | string[]',
      help: 'The search is limited to these domains and their subdomains. In a URL, only the domain counts. Only used with Web search.',
      details: '`www.` is kept, as a search of the whole domain would allow more than was typed.',
    }),
    text('search_country', 'Search country', {
      placeholder: 'e.g. DE; the United States if empty',
      accepts: 'Two-letter ISO code of a country, in upper or lower case',
      fallback: 'set by the API: the United States',
      help: 'Where the user is, so that results fit the country. Only used with Web search.',
    }),
    json('tools', 'Tools', {
      placeholder: 'e.g. {"get_weather": {"city": "string"}}',
      accepts: 'JSON object of names with parameters, or a JSON array of functions',
      type: 'ToolsOption',
      help: 'Functions that the model may ask your app to run. metadata.tool_calls has the calls, each with name and arguments; data is null if the model writes nothing else.',
      details:
        'A parameter is `string`, `number`, `integer` or `boolean`, such a type with `[]` for a list, a list of allowed values, an object of parameters, or a list with one such object. A description may follow a type after a colon, or stand alone for text; a `?` after the name makes the parameter optional. A function with a description is `{"name", "description", "parameters"}` in an array, where `parameters` may also be a JSON schema; the shapes of Chat and of the Responses API are also accepted. If `strict` is missing, it is set where the API can guarantee that the arguments fit.',
    }),
    text('tool_choice', 'Tool choice', {
      placeholder: 'auto, none, required, or the name of a tool',
      accepts: "`auto`, `none`, `required`, the name of a tool, or Chat's object for it",
      fallback: '`auto`',
      type: 'TextOption | ToolChoice',
      help: 'Whether the model may, must or must not call a tool, or which one it must call.',
    }),
    dropdown('moderation', 'Moderation', {
      choices: [
        ['Off', 'off'],
        ['Input', 'input'],
        ['Output', 'output'],
        ['Input and output', 'both'],
      ],
      initial: 'off',
      help: 'What the API checks for harmful content, within the same request. The answer is returned anyway: metadata.moderation says what is flagged, so that the app can hide it.',
      details:
        'If the server does not make the requested checks, the query fails. The input is the whole conversation.',
      sample: 'both',
    }),
    dropdown('image_detail', 'Image detail', {
      choices: [
        ['Auto', 'auto'],
        ['Low', 'low'],
        ['High', 'high'],
        ['Original', 'original'],
      ],
      isOpen: true,
      help: 'How closely the model should look at images. Not every model accepts every value.',
      details: 'With `original`, the query goes through the Responses API.',
    }),
    numberOfResults,
    topP,
    frequencyPenalty,
    presencePenalty,
    seed,
    dropdown('service_tier', 'Service tier', {
      choices: [
        ['Auto', 'auto'],
        ['Standard', 'default'],
        ['Flex', 'flex'],
        ['Scale', 'scale'],
        ['Priority', 'priority'],
        ['Fast', 'fast'],
      ],
      isOpen: true,
      fallback: '`auto`',
      help: "Speed and price of the request. Auto is the project's own setting. The API rejects a tier that the account may not use.",
    }),
    text('prompt_cache_key', 'Prompt cache key', {
      placeholder: 'e.g. support-bot, the same for similar prompts',
      help: 'Requests with the same long beginning and the same key are more often served from the prompt cache.',
    }),
    text('safety_identifier', 'Safety identifier', {
      placeholder: "e.g. a hash of the user's ID, up to 128 characters",
      accepts: 'Text of up to 128 characters',
      help: 'A stable ID of the end user, so that OpenAI can tell users apart. Send a hash, not a name or an email address.',
    }),
    json('metadata', 'Metadata', {
      control: 'line',
      placeholder: 'e.g. {"ticket": "1042"}',
      accepts: 'JSON object of up to 16 strings',
      help: 'Stored with the request at OpenAI; not the metadata that the query returns. Up to 16 keys of 64 characters, values of up to 512.',
    }),
    extraTextBody,
  ],
};
