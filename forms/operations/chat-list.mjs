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
/** A row of a list: a prompt, or an object with a prompt and its own values for shared fields. Other members are ignored. */
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

/** The answer for each row in the order of the prompts, as in Chat; \`null\` where the row failed. */
export type ChatListData = Array<ChatData>;

/** A row that failed. */
export interface FailedRow {
  /** Index of the row, from 0. */
  index: number;
  /** The API's code, its type, \`http_\` and the status, or the plugin's own code, such as \`timeout\`. */
  code: string;
  /** What happened and what to do. Absent if very many rows failed. */
  description?: string;
  /** The text of an unusable answer. */
  partial?: string | string[];
}

export interface ChatListMetadata extends Partial<ModelMetadata> {
  /** Number of requests sent for all rows together. */
  attempts: number;
  /** Number of rows. */
  rows: number;
  /** Number of rows with an answer. */
  answered: number;
  /** Number of rows that had no answer by the deadline. */
  timed_out?: number;
  /** The failed rows, in order. */
  failed: FailedRow[];
  /** Maximum number of concurrent rows. */
  parallel: number;
  /** Finish reasons other than \`stop\`, such as \`length\`. */
  finish_reasons?: Array<{ index: number; finish_reason: string }>;
  /** The details of rows that have more than an answer, such as tool calls, sources or reasoning. */
  details?: Array<{ index: number } & Partial<ChatMetadata>>;
  /** The rows for which more than one request was sent. */
  retried?: Array<{ index: number; attempts: number }>;
  /** The models that answered. */
  models?: string[];
  /** The API's paths that answered, if there are several. */
  endpoints?: string[];
  /** Why the API does not guarantee that the answers match the JSON schema; absent if it does. */
  not_strict?: string;
}`,
  basic: [
    json('prompts', 'Prompts', {
      placeholder: 'e.g. {{queries.tickets.data.map((row) => row.title)}}',
      accepts:
        'JSON array of strings, arrays of content parts, or objects with prompt, system_prompt, images and message_history',
      fallback: 'Required',
      type: 'ListRow[] | string',
      help: 'A list with a prompt for each row. All other fields are shared by all rows.',
      details:
        'An object may have its own `system_prompt`, `images` and `message_history` instead of the shared ones. Other members are ignored, so rows of a table with a column `prompt` can be passed unchanged. Up to 10,000 rows. An invalid row counts as failed.',
      sample: ['another text'],
    }),
    ...chat.basic.filter(({ key }) => key !== 'prompt'),
  ],
  advanced: [...listFields, ...chat.advanced],
  about:
    'Sends the same request for each row of a list, in one query: to classify, translate, summarize or extract. Several rows run at once, and `data` contains their answers in the order of the prompts. A row that fails does not stop the others.',
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
  notes: `\`metadata.failed\` lists the failed rows as \`{index, code, description}\`, ready for a table; their answers are \`null\`. The query fails only if no row was answered, with the failure of the first one. \`metadata.usage\` is the sum of all rows, \`metadata.attempts\` the number of all requests, and \`metadata.retried\` names the rows that needed more than one. \`metadata.finish_reasons\` names the rows that did not end with \`stop\`, and \`metadata.details\` has the tool calls, sources and reasoning of those that have any.

Shortly before the query's timeout, it returns a partial result: unfinished rows have failed with the code \`timeout\`, and \`metadata.timed_out\` says how many. Raise the timeout for a long list: see [Timeouts and retries](#timeouts-and-retries).

If the server says that requests come too fast, all queries of the process with the same model and key wait as long as it says, and then send requests at the rate that it accepted before. Waiting does not use up the retries of a row.

#### Fill a table column

To have a model fill a column *Topic* of a table of tickets:

1. A query \`rows\` gets the tickets, for example \`SELECT id, title FROM tickets ORDER BY id\` from a database.
2. A query \`openai1\` of this plugin: Operation *Chat for a list*, Prompts \`{{queries.rows.data.map((row) => row.title)}}\`, and as System prompt the instructions for each, such as *Answer with one word: billing, shipping, technical or other.* Add an event handler to \`rows\` that runs it on success.
3. The table's Data is \`{{queries.rows.data.map((row, index) => ({ ...row, topic: queries.openai1.data[index] }))}}\`.

To store the topics, run a query for each row that has one, or one for all of them with a list such as \`{{queries.rows.data.map((row, index) => ({ id: row.id, topic: queries.openai1.data[index] })).filter((row) => row.topic !== null)}}\`. To run only the failed rows again, bind Prompts of a second query to \`{{queries.openai1.metadata.failed.map(({ index }) => queries.rows.data[index].title)}}\` (in ToolJet 2, set Result to *Answer and details* and read \`data.failed\` and \`data.answer\`).`,
  trial: { query: { prompts: ['a calm sea'] } },
};
