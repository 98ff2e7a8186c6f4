import { json } from '../controls.mjs';
import { listFields } from '../shared-fields.mjs';
import completion from './completion.mjs';

const PRODUCTS = ['Red rain boots for children:', 'A teapot for two:'];

export default {
  value: 'completion_list',
  order: 35,
  name: 'Completions for a list',
  types: 'CompletionListOptions',
  summary: 'continues text for each row of a list, several at once',
  endpoints: completion.endpoints,
  data: 'CompletionListData',
  metadata: 'CompletionListMetadata',
  declarations: `
/** A row of a list: a prompt, or an object with a prompt and its own suffix. Other members are ignored. */
export type CompletionListRow =
  | string
  | number
  | boolean
  | {
      prompt?: CompletionOptions['prompt'];
      suffix?: CompletionOptions['suffix'];
    };

/** The text for each row in the order of the prompts, as in Completions; \`null\` where the row failed. */
export type CompletionListData = Array<CompletionData | null>;

export interface CompletionListMetadata extends Omit<ChatListMetadata, 'details'> {
  /** The details of rows that have more than text, such as log probabilities. */
  details?: Array<{ index: number } & Partial<CompletionMetadata>>;
  /** The chat model that continued the texts instead of the requested model. */
  substituted_model?: string;
}`,
  basic: [
    json('prompts', 'Prompts', {
      placeholder: 'e.g. {{queries.products.data.map((row) => row.name)}}',
      accepts: 'JSON array of strings, or of objects with prompt and suffix',
      fallback: 'Required',
      type: 'CompletionListRow[] | string',
      help: 'A list with text to continue for each row. All other fields are shared by all rows.',
      details:
        'An object may have its own `suffix` instead of the shared one. Other members are ignored, so rows of a table with a column `prompt` can be passed unchanged. Up to 10,000 rows. An invalid row counts as failed.',
      sample: ['another text'],
    }),
    ...completion.basic.filter(({ key }) => key !== 'prompt'),
  ],
  advanced: [...listFields, ...completion.advanced],
  about:
    'Continues each text of a list, in one query. Several rows run at once, and `data` contains the texts in the order of the prompts. A row that fails does not stop the others.',
  examples: [
    {
      title: 'Describe two products',
      query: {
        prompts: JSON.stringify(PRODUCTS),
        max_tokens: '40',
      },
      result: { metadata: { rows: 2, answered: 2, failed: [], parallel: 2 } },
    },
  ],
  notes:
    'The `metadata` about the rows, the result after a timeout, and rate limits are as in [Chat for a list](#chat-for-a-list). If only Chat serves the model, the first rows find that out, and the others use Chat at once. If a different chat model continued the texts, `metadata.substituted_model` names it.',
  trial: { query: { prompts: ['a calm sea'] } },
};
