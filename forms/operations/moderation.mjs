import { text } from '../controls.mjs';
import { constant } from '../core.mjs';
import { result } from '../shared-fields.mjs';

const DEFAULT_MODEL = constant('DEFAULT_MODERATION_MODEL');
const CATEGORIES = { harassment: false, violence: true };
const SCORES = { harassment: 0.1, violence: 0.9 };

export default {
  value: 'moderation',
  order: 80,
  name: 'Moderate',
  types: 'ModerationOptions',
  summary: 'checks text and images for harmful content, free of charge',
  endpoints: ['/moderations'],
  data: 'ModerationData | ModerationData[]',
  metadata: 'ModerationMetadata',
  declarations: `
export interface ModerationMetadata extends RequestMetadata {
  /** The model that answered. */
  model?: string;
  /** The API's id of the moderation. */
  id?: string;
}`,
  basic: [
    text('input', 'Input', {
      control: 'editor',
      mode: 'text',
      placeholder: 'e.g. {{components.textinput1.value}}, a list, or a picked image',
      accepts: 'Text, an image (picked file or data URI), or a JSON array of these',
      fallback: 'Required',
      type: 'TextOption | FileOption | Array<string | FileOption>',
      help: 'What to check. Each string in a list is checked separately; text and an image in a list are checked together.',
      sample: ['another', 'text'],
    }),
    text('moderation_model', 'Model', {
      placeholder: `${DEFAULT_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_MODEL,
      help: 'Any moderation model that the server knows.',
      sample: 'sample',
    }),
  ],
  advanced: [result],
  about:
    'Checks text and images for harmful content before an app shows or stores them. It costs nothing at OpenAI.',
  examples: [
    {
      title: 'Check a comment',
      query: { input: 'I will hurt you.' },
      result: { data: { flagged: true, categories: ['violence'] } },
    },
    {
      title: 'Check a list',
      query: { input: '["I will hurt you.", "Good morning!"]' },
      result: { data: [{ flagged: true }, { flagged: false, categories: [] }] },
    },
  ],
  notes:
    '`data.scores` has the score of every category, from 0 to 1, for apps that set their own threshold. To hide a comment, bind its *Visibility* to `{{!queries.moderate.data.flagged}}`.',
  trial: {
    query: { input: 'a calm sea' },
    answer: ({ input }) => ({
      results: (Array.isArray(input) && typeof input[0] === 'string' ? input : [input]).map(() => ({
        flagged: true,
        categories: CATEGORIES,
        category_scores: SCORES,
      })),
    }),
  },
};
