import { dropdown, text, wholeNumber } from '../controls.mjs';
import { DEFAULT_CHAT_MODEL, DEFAULT_COMPLETION_MODEL, DEFAULT_MAX_TOKENS } from '../core.mjs';
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
  yesOrNo,
} from '../shared-fields.mjs';

export default {
  value: 'completion',
  order: 30,
  name: 'Completions',
  types: 'CompletionOptions',
  summary: 'continues a text',
  endpoints: ['/completions'],
  data: 'CompletionData',
  metadata: 'CompletionMetadata',
  declarations: `
/** One string; with \`n\` above 1 an array of strings, with \`null\` for a failed answer. */
export type CompletionData = string | Array<string | null>;

export interface CompletionMetadata extends TextMetadata {
  /** The chat model that continued the text instead of the requested model. */
  substituted_model?: string;
}`,
  basic: [
    text('model', 'Model', {
      placeholder: `${DEFAULT_COMPLETION_MODEL} if empty, ${DEFAULT_CHAT_MODEL} through Chat`,
      accepts: 'Model ID',
      fallback: `${DEFAULT_COMPLETION_MODEL}; ${DEFAULT_CHAT_MODEL} through Chat`,
      help: 'Any model that the server knows. A chat model continues the text through Chat.',
      models: 'chat',
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
      help: "Maximum length of the answer in tokens. Prompt and answer together must fit the model's context window.",
    }),
    temperature,
    stopSequence,
    text('suffix', 'Suffix', {
      placeholder: 'The text that comes after the gap to fill',
      help: 'The model is told that this text follows the inserted text, so that both fit together. It is not added to the answer.',
    }),
    dropdown('engine', 'Engine', {
      choices: [
        ['Auto: Completions, falling back to Chat', 'auto'],
        ['Completions only', 'completions'],
        ['Chat only', 'chat'],
      ],
      initial: 'auto',
      help: 'The endpoint that continues the text. OpenAI no longer serves models at the Completions endpoint; other servers do. Auto tries it first, and lets a chat model continue the text if the model or the endpoint is gone. Metadata says which one answered.',
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
