import { json } from '../controls.mjs';
import { listFields } from '../shared-fields.mjs';
import completion from './completion.mjs';

const PRODUCTS = ['Red rain boots for children:', 'A teapot for two:'];

export default {
  value: 'completion_list',
  order: 35,
  name: 'Completions for a list',
  types: 'CompletionListOptions',
  summary: 'continues a text for each row of a list, several at once',
  endpoints: completion.endpoints,
  data: 'CompletionListData',
  metadata: 'CompletionListMetadata',
  declarations: `
/** A row of a list: a prompt, or one with a suffix in place of the one that all rows share. Other members are ignored. */
export type CompletionListRow =
  | string
  | number
  | boolean
  | {
      prompt?: CompletionOptions['prompt'];
      suffix?: CompletionOptions['suffix'];
    };

/** The text of each row in the order of the prompts, as Completions has it; \`null\` where the row failed. */
export type CompletionListData = Array<CompletionData | null>;

export interface CompletionListMetadata extends Omit<ChatListMetadata, 'details'> {
  /** Of the rows that have more than a text, such as log probabilities. */
  details?: Array<{ index: number } & Partial<CompletionMetadata>>;
  /** The chat model of the fallback, in place of the requested model. */
  substituted_model?: string;
}`,
  basic: [
    json('prompts', 'Prompts', {
      placeholder: 'e.g. {{queries.products.data.map((row) => row.name)}}',
      accepts: 'JSON array of texts, or of objects with prompt and suffix',
      fallback: 'Required',
      type: 'CompletionListRow[] | string',
      help: 'A list with a text to continue for each row. All other fields are shared by all rows.',
      details:
        'An object may have a `suffix` in place of the one that all rows share; other members are ignored, so that rows of a table with a column `prompt` can be passed as they are. Up to 10,000 rows. A row that cannot be used is one that failed.',
      sample: ['another text'],
    }),
    ...completion.basic.filter(({ key }) => key !== 'prompt'),
  ],
  advanced: [...listFields, ...completion.advanced],
  about:
    'Continues each text of a list, in one query. Several rows are asked at once, and `data` has the texts in the order of the prompts. A row that fails does not stop the others.',
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
    'What `metadata` says of the rows, what a timeout leaves, and how rows keep to the pace of the server is as in [Chat for a list](#chat-for-a-list). Where only Chat serves the model, the first rows find out, and the others ask Chat at once: `metadata.substituted_model` then names the chat model if it is another one.',
  trial: { query: { prompts: ['a calm sea'] } },
};
