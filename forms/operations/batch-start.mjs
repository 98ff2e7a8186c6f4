import { dropdown } from '../controls.mjs';
import chat from './chat.mjs';
import chatList from './chat-list.mjs';
import embedding from './generate-embedding.mjs';

/** A field of another operation, for the task that it belongs to. */
const forTask = (task, { help, needs, ...field }, more) => ({
  ...field,
  help: `For the task ${task}. ${help}`,
  ...more,
});
const forEmbedding = (field) =>
  forTask('Embedding', field, {
    label: LABELS[field.key] ?? field.label,
    sample: SAMPLES[field.key],
    needs: { batch_task: 'embedding', input: ['a', 'b'] },
  });
/** Chat has a field of the same label. */
const LABELS = { model_embedding: 'Embedding model', embedding_extra_body: 'Embedding extra body' };
const SAMPLES = {
  input: ['another'],
  model_embedding: 'text-embedding-3-large',
  dimensions: '3',
  encoding_format: 'base64',
  embedding_extra_body: '{"added": true}',
};

const prompts = chatList.basic.find(({ key }) => key === 'prompts');

export default {
  value: 'batch_start',
  order: 84,
  name: 'Start a batch',
  types: 'BatchStartOptions',
  summary: 'answers or embeds up to 200,000 rows within a day, for half the price',
  endpoints: ['/files', '/batches'],
  data: 'BatchStartData',
  metadata: 'BatchStartMetadata',
  declarations: `
/** What was started. Pass it to Get a batch. */
export interface BatchStartData {
  /** The ids of the batches, in the order of the rows. Keep them: there is no other way to the results. */
  batch_ids: string[];
  /** How many rows there are in all. */
  rows: number;
}

export interface BatchStartMetadata extends Omit<ModelMetadata, 'usage'> {
  model: string;
  /** The rows and the file of each batch. */
  batches: Array<{
    batch_id: string;
    file_id: string;
    /** From 0. */
    first_row: number;
    rows: number;
    bytes: number;
  }>;
}`,
  basic: [
    dropdown('batch_task', 'Task', {
      choices: [
        ['Chat', 'chat'],
        ['Embedding', 'embedding'],
      ],
      initial: 'chat',
      help: 'With Chat, each of the Prompts is answered. With Embedding, each text of Input is turned into a vector.',
      sample: 'embedding',
      needs: { input: ['a', 'b'] },
    }),
    {
      ...prompts,
      fallback: 'Required for the task Chat',
      help: 'For the task Chat: a list with a prompt for each row. All other fields are shared by all rows.',
      details: prompts.details.replace(
        /Up to .*/,
        'Up to 200,000 rows. An invalid row fails the query, which names its index before anything is sent.',
      ),
    },
    ...chat.basic.filter(({ key }) => key !== 'prompt'),
    ...embedding.basic.map((field) =>
      field.key === 'input'
        ? {
            ...forEmbedding(field),
            placeholder: 'e.g. {{queries.rows.data.map((row) => row.text)}}',
            fallback: 'Required for the task Embedding',
            help: 'For the task Embedding: a list of texts. Each may have up to 8192 tokens.',
          }
        : forEmbedding(field),
    ),
  ],
  advanced: [
    ...chat.advanced,
    ...embedding.advanced.filter(({ key }) => key !== 'result').map(forEmbedding),
  ],
  about:
    'Answers up to 200,000 rows, or turns them into vectors, through the Batch API: within 24 hours, for half the price, and without a query that waits. The rows are uploaded in files of up to 50,000 rows or 200 MB, and `data` has the ID of a batch for each file. Keep these IDs: [Get a batch](#get-a-batch) returns the results. Nothing else is kept, so it does not matter whether ToolJet restarts meanwhile.',
  examples: [
    {
      title: 'Classify three tickets overnight',
      query: {
        prompts: JSON.stringify([
          'I was charged twice.',
          'Where is my parcel?',
          'The app does not start.',
        ]),
        system_prompt: 'Answer with one word: billing, shipping, technical or other.',
        max_tokens: '16',
      },
      result: { data: { batch_ids: ['batch_…'], rows: 3 } },
    },
  ],
  notes: `All rows go to one endpoint and one model: if one row needs the Responses API, all of them go there. Parameters that the model is known to reject are left out, because a batch cannot be retried row by row; \`metadata.adjusted\` lists them.

All files are uploaded before the first batch is created, so a failure until then costs nothing. If a later request fails, \`data.partial\` of the failure has the \`batch_ids\` that were started, the number of \`rows\` in them, and the \`file_ids\` that were uploaded. If a connection breaks, so that it is not known whether a batch was created, it is not created again: \`data.partial.unclear_file_id\` names its file, and the dashboard of the provider shows whether it has a batch.

A batch may have more results than one result has room for: Get a batch returns them in pages.

Compatible servers often have no Batch API. On Azure, Model is the name of a deployment for batches.`,
  trial: {
    query: { prompts: ['a calm sea', 'a storm'] },
  },
};
