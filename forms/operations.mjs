/**
 * The operations in the order of the dropdown, each with its fields in the order of the form.
 *
 * `basic` fields are always shown, and `advanced` ones while Advanced is on; an operation without
 * `advanced` has no such switch. `saved` lists keys that only saved queries still contain. `types`
 * names the interface in index.d.ts.
 */

import { dropdown, json, text, wholeNumber } from './controls.mjs';
import {
  DEFAULT_CHAT_MODEL,
  DEFAULT_COMPLETION_MODEL,
  DEFAULT_EMBEDDING_MODEL,
  DEFAULT_IMAGE_MODEL,
  DEFAULT_MAX_TOKENS,
} from './core.mjs';
import {
  extraBody,
  extraTextBody,
  frequencyPenalty,
  maxTokens,
  numberOfResults,
  presencePenalty,
  result,
  seed,
  sharedWithChat,
  stopSequence,
  temperature,
  topP,
  yesOrNo,
} from './shared-fields.mjs';

const completion = {
  value: 'completion',
  name: 'Completions',
  types: 'CompletionOptions',
  summary: 'continues a text',
  basic: [
    text('model', 'Model', {
      placeholder: `e.g. gpt-6-luna; ${DEFAULT_CHAT_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: `${DEFAULT_COMPLETION_MODEL}, and ${DEFAULT_CHAT_MODEL} if that is gone`,
      help: 'Any model that the server knows. A chat model continues the text through Chat.',
    }),
    text('prompt', 'Prompt', {
      control: 'editor',
      mode: 'text',
      placeholder: 'The beginning of the text, e.g. Once upon a time',
      fallback: 'Required',
      help: 'The text to continue.',
    }),
    maxTokens({
      placeholder: `e.g. 500; ${DEFAULT_MAX_TOKENS} if empty`,
      fallback: DEFAULT_MAX_TOKENS,
      help: "The longest the answer may be, in tokens. Prompt and answer together must fit the model's context window.",
    }),
    temperature,
    stopSequence,
    text('suffix', 'Suffix', {
      placeholder: 'The text that comes after the gap to fill',
      help: 'Text that comes after the inserted text, and is not part of the answer. A chat model is asked to lead up to it.',
    }),
    dropdown('engine', 'Engine', {
      choices: [
        ['Auto: Completions, falling back to Chat', 'auto'],
        ['Completions only', 'completions'],
        ['Chat only', 'chat'],
      ],
      initial: 'auto',
      help: 'OpenAI no longer serves models at the Completions endpoint; other servers do. Auto tries it first, and asks a chat model to continue the text if the model or the endpoint is gone. Metadata says which one answered.',
    }),
  ],
  advanced: [
    result,
    numberOfResults,
    wholeNumber('best_of', 'Best of', {
      min: 1,
      max: 20,
      placeholder: '1 to 20 drafts: you get the best, and pay for all',
      fallback: '1',
      help: 'The server writes this many answers and returns the most likely. At least Number of results. All of them are billed.',
    }),
    topP,
    frequencyPenalty,
    presencePenalty,
    yesOrNo('echo', 'Echo', {
      help: 'Whether the answer starts with the prompt.',
    }),
    seed,
    wholeNumber('logprobs', 'Log probabilities', {
      min: 0,
      max: 5,
      placeholder: '0 to 5 alternatives for each token',
      help: 'Adds the log probability of each token, and of this many alternatives, to metadata.',
    }),
    extraTextBody,
  ],
};

const chat = {
  value: 'chat',
  name: 'Chat',
  types: 'ChatOptions',
  summary: 'answers a message',
  basic: [
    text('model', 'Model', {
      placeholder: `e.g. gpt-6-luna; ${DEFAULT_CHAT_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_CHAT_MODEL,
      help: 'Any model that the server knows. To see them, run a query with the operation List models.',
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
      placeholder: 'e.g. {{components.filepicker1.file}} with images or PDFs',
      accepts: 'Image URL, data URI, base64, file of a file picker, or a list of these',
      type: 'FileOption | FileOption[] | null',
      help: 'Images and PDFs that the model should look at along with the prompt. The model must be able to read them.',
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
      help: 'The longest the answer may be, in tokens, hidden reasoning included. A small number can leave a reasoning model without any visible text.',
    }),
    temperature,
    stopSequence,
    text('suffix', 'Suffix', {
      placeholder: 'What should follow the answer, e.g. Kind regards, Ada',
      help: 'Text that comes after the answer, and is not part of it. The model is asked to lead up to it.',
    }),
  ],
  advanced: [
    result,
    json('json_schema', 'JSON schema', {
      placeholder: 'e.g. {"type": "object", "properties": {"name": {"type": "string"}}}',
      accepts: 'JSON schema, or an object with name and schema',
      fallback: 'Required with Response format `json_schema`',
      help: 'What the answer must look like: an object at the top. Only used with the response format of that name.',
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
      help: 'Some models and features are only in the Responses API. Auto asks Chat Completions first, and Responses if the server says so or the query needs it. Metadata says which one answered.',
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
      help: 'How much of the pages the model reads. More costs more. Only used with Web search.',
    }),
    text('search_domains', 'Allowed domains', {
      placeholder: 'e.g. example.com, docs.example.org; the whole web if empty',
      accepts: 'Up to 100 domains: text with commas, spaces or line breaks between them, or a JSON array',
      fallback: 'the whole web',
      type: 'TextOption | string[]',
      help: 'The search is limited to these domains and their subdomains. Of a URL, the domain counts. Only used with Web search.',
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
        'A parameter is `string`, `number`, `integer` or `boolean`, such a type with `[]` for a list, a list of allowed values, an object of parameters, or a list with one such object. A description may follow a type after a colon, or stand alone for text; a `?` after the name makes the parameter optional. A function with a description is `{"name", "description", "parameters"}` in an array, where `parameters` may also be a JSON schema; the shapes of Chat and of the Responses API are taken too. If `strict` is missing, it is set where the API can guarantee that the arguments fit.',
    }),
    text('tool_choice', 'Tool choice', {
      placeholder: 'auto, none, required, or the name of a tool',
      accepts: "`auto`, `none`, `required`, the name of a tool, or Chat's object for it",
      fallback: '`auto`',
      type: 'TextOption | ToolChoice',
      help: 'Whether the model may, must not or must call a tool, or the one that it must call.',
    }),
    dropdown('image_detail', 'Image detail', {
      choices: [
        ['Auto', 'auto'],
        ['Low', 'low'],
        ['High', 'high'],
      ],
      isOpen: true,
      help: 'How closely the model should look at images. Not every model accepts every value.',
      details: '`original` is an error, because only the Responses API takes it.',
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
      placeholder: 'e.g. support-bot: the same for prompts that begin alike',
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

const imageCount = wholeNumber('image_count', 'Number of images', {
  min: 1,
  max: 10,
  fallback: '1',
  placeholder: 'e.g. 3: data.images lists them, and each one is billed',
  help: 'With more than one, data.images lists them. All of them are billed.',
});
const imageExtraBody = extraBody('image_extra_body', { placeholder: 'e.g. {"moderation": "low"}' });

const imageGeneration = {
  value: 'image_generation',
  name: 'Generate image',
  types: 'ImageGenerationOptions',
  summary: 'draws an image',
  basic: [
    text('image_model', 'Model', {
      placeholder: `e.g. gpt-image-2.6-flare; ${DEFAULT_IMAGE_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_IMAGE_MODEL,
      help: 'Any image model that the server knows.',
    }),
    text('prompt', 'Prompt', {
      control: 'editor',
      mode: 'text',
      placeholder: 'What to draw, e.g. A lighthouse at dusk, watercolor',
      fallback: 'Required',
      help: 'What the image should show. Up to 32000 characters.',
    }),
    text('size', 'Size', {
      placeholder: 'e.g. 1536x1024; the model decides if empty',
      accepts: '`auto`, or width x height such as 1024x1024',
      fallback: 'set by the model',
      unit: 'pixels',
      help: 'Width and height in pixels, both divisible by 16.',
    }),
  ],
  advanced: [
    result,
    dropdown('quality', 'Quality', {
      choices: [
        ['Auto', 'auto'],
        ['Low', 'low'],
        ['Medium', 'medium'],
        ['High', 'high'],
      ],
      isOpen: true,
      help: 'Higher quality takes longer and costs more.',
    }),
    dropdown('background', 'Background', {
      choices: [
        ['Auto', 'auto'],
        ['Transparent', 'transparent'],
        ['Opaque', 'opaque'],
      ],
      isOpen: true,
      help: 'Transparent needs the output format PNG or WebP. Not every model accepts it.',
    }),
    dropdown('output_format', 'Output format', {
      choices: [
        ['PNG', 'png'],
        ['JPEG', 'jpeg'],
        ['WebP', 'webp'],
      ],
      isOpen: true,
      fallback: '`png`',
      help: 'The file format of the image.',
    }),
    imageCount,
    imageExtraBody,
  ],
  saved: [
    text('model', 'Model', {
      accepts: 'Model ID',
      fallback: 'none',
      help: "Read if `image_model` is not set and this names an image model, as in queries saved with ToolJet's own plugin.",
    }),
    sharedWithChat(imageCount, 'n'),
    sharedWithChat(imageExtraBody, 'extra_body'),
  ],
};

const embeddingExtraBody = extraBody('embedding_extra_body', {
  placeholder: 'e.g. {"user": "u-17"}',
});

const generateEmbedding = {
  value: 'generate_embedding',
  name: 'Generate embedding',
  types: 'EmbeddingOptions',
  summary: 'turns text into a vector',
  basic: [
    text('model_embedding', 'Model', {
      placeholder: `e.g. text-embedding-3-large; ${DEFAULT_EMBEDDING_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_EMBEDDING_MODEL,
      help: 'Any embedding model that the server knows.',
    }),
    text('input', 'Input', {
      control: 'editor',
      mode: 'text',
      placeholder: 'e.g. A calm sea, or a list such as ["a calm sea", "a storm"]',
      accepts: 'Text, or a JSON array of up to 2048 strings',
      fallback: 'Required, here or under a key of a saved query',
      type: 'TextOption | string[]',
      help: 'What to turn into vectors. Each string may have up to 8192 tokens, all together up to 300000.',
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
      help: 'Float gives a list of numbers, Base64 a single string.',
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

const listModels = {
  value: 'list_models',
  name: 'List models',
  types: 'ListModelsOptions',
  summary: 'shows what the server offers',
  basic: [
    text('filter', 'Filter', {
      placeholder: 'e.g. gpt-6; all models if empty',
      help: 'Only the models whose ID contains this text, in upper or lower case.',
    }),
  ],
};

export const OPERATIONS = [completion, chat, imageGeneration, generateEmbedding, listModels];

export const DEFAULT_OPERATION = chat.value;
