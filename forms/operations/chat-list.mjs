import { json } from '../controls.mjs';
import { listFields } from '../shared-fields.mjs';
import chat from './chat.mjs';

const TICKETS = ['I was charged twice.', 'Where is my parcel?', 'The app does not start.'];

export default {
  value: 'chat_list',
  order: 20,
  name: 'Chat for a list',
  types: 'ChatListOptions',
  summary: 'answers a message for each row of a list, several at once',
  endpoints: chat.endpoints,
  data: 'ChatListData',
  metadata: 'ChatListMetadata',
  declarations: `
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

/** The answer of each row in the order of the prompts, as Chat has it; \`null\` where the row failed. */
export type ChatListData = Array<ChatData>;

/** A row that failed. */
export interface FailedRow {
  /** Of the row, from 0. */
  index: number;
  /** The API's code, its type, \`http_\` and the status, or the plugin's own code, such as \`timeout\`. */
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
  /** Of the rows whose answer did not simply end, such as \`length\`. */
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
}`,
  basic: [
    json('prompts', 'Prompts', {
      placeholder: 'e.g. {{queries.tickets.data.map((row) => row.title)}}',
      accepts:
        'JSON array of texts, arrays of content parts, or objects with prompt, system_prompt, images and message_history',
      fallback: 'Required',
      type: 'ListRow[] | string',
      help: 'A list with a prompt for each row. All other fields are shared by all rows.',
      details:
        'An object may have what is its own in place of what all rows share: `system_prompt`, `images` and `message_history`; other members are ignored, so that rows of a table with a column `prompt` can be passed as they are. Up to 10,000 rows. A row that cannot be used is one that failed.',
      sample: ['another text'],
    }),
    ...chat.basic.filter(({ key }) => key !== 'prompt'),
  ],
  advanced: [...listFields, ...chat.advanced],
  about:
    'Asks the same of each row of a list, in one query: to classify, translate, summarize or extract. Several rows are asked at once, and `data` has their answers in the order of the prompts. A row that fails does not stop the others.',
  examples: [
    {
      title: 'Classify 20 tickets',
      query: {
        prompts: '{{components.table2.data.map((row) => row.title)}}',
        system_prompt: 'Answer with one word: billing, shipping, technical or other.',
      },
    },
    {
      title: 'Classify three tickets',
      query: {
        prompts: JSON.stringify(TICKETS),
        system_prompt: 'Answer with one word: billing, shipping, technical or other.',
        max_tokens: '16',
      },
      result: {
        data: ['billing', 'shipping', 'technical'],
        metadata: { rows: 3, answered: 3, failed: [], parallel: 3, attempts: 3 },
      },
    },
  ],
  notes: `\`metadata.failed\` lists the rows that failed as \`{index, code, description}\`, ready for a table; their answers are \`null\`. Only if no row was answered, the query fails, with the failure of the first one. \`metadata.usage\` is the sum of all rows, \`metadata.attempts\` the number of all requests, and \`metadata.retried\` names the rows that needed more than one. \`metadata.finish_reasons\` names the rows whose answer did not simply end, and \`metadata.details\` has the tool calls, sources and reasoning of those that have any.

When the query's timeout comes near, it returns what is there: rows that are not done have failed with the code \`timeout\`, and \`metadata.timed_out\` says how many. Raise the timeout for a long list: see [Timeouts and retries](#timeouts-and-retries).

If the server answers that requests come too fast, all queries of the process that ask the same model with the same key wait as long as it says, and then ask as fast as it has taken them before. Such waiting does not use up the retries of a row.

#### Fill a table column

A table of tickets should have a column *Topic*, filled by a model:

1. A query \`rows\` gets the tickets, for example \`SELECT id, title FROM tickets ORDER BY id\` from a database.
2. A query \`openai1\` of this plugin: Operation *Chat for a list*, Prompts \`{{queries.rows.data.map((row) => row.title)}}\`, and as System prompt what to do with each, such as *Answer with one word: billing, shipping, technical or other.* Add an event handler to \`rows\` that runs it on success.
3. The table's Data is \`{{queries.rows.data.map((row, index) => ({ ...row, topic: queries.openai1.data[index] }))}}\`.

To store the topics, run a query for each row that has one, or one for all of them with a list such as \`{{queries.rows.data.map((row, index) => ({ id: row.id, topic: queries.openai1.data[index] })).filter((row) => row.topic !== null)}}\`. To ask only for the rows that failed, bind Prompts of a second query to \`{{queries.openai1.metadata.failed.map(({ index }) => queries.rows.data[index].title)}}\` (in ToolJet 2, set Result to *Answer and details* and read \`data.failed\` and \`data.answer\`).`,
  trial: { query: { prompts: ['a calm sea'] } },
};
