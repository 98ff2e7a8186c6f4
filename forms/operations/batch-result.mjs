import { json, wholeNumber } from '../controls.mjs';
import { OVERNIGHT } from '../recipes/overnight.mjs';
import { result } from '../shared-fields.mjs';

export default {
  value: 'batch_result',
  order: 86,
  name: 'Get a batch',
  types: 'BatchResultOptions',
  summary: 'returns how far a batch is, and its answers when it is done',
  endpoints: ['/batches', '/files'],
  data: 'BatchResultData',
  metadata: 'BatchResultMetadata',
  declarations: `
/** How far the batches are while at least one is not done. */
export interface BatchProgress {
  /** The API's word for the first batch that is not done, such as \`in_progress\`. */
  status: string;
  /** The rows of all batches together. */
  counts: { total: number; completed: number; failed: number };
}

/**
 * When all batches are done: the answer for each row of the page in order, as in Chat, or its vector; \`null\` where the
 * row failed. \`data[i]\` is row \`metadata.first_row + i\`. Until then: how far they are, which is not an array.
 */
export type BatchResultData = BatchProgress | Array<ChatData | number[] | string>;

export interface BatchResultMetadata
  extends Partial<Omit<ChatListMetadata, 'parallel' | 'timed_out' | 'retried' | 'attempts' | 'rows' | 'failed'>> {
  /** Index of the first row in \`data\`, from 0, across all batches. Absent until the batches are done, as are the next three. */
  first_row?: number;
  /** Number of rows in \`data\`. */
  rows?: number;
  /** Number of rows of all batches together. */
  total_rows?: number;
  /**
   * The failed rows of the page, in order. As in \`details\` and \`finish_reasons\`, \`index\` counts from the first row of
   * all batches, not of the page: the answer of a row is \`data[index - first_row]\`.
   */
  failed?: FailedRow[];
  /** Requests sent to get the batches. */
  attempts: number;
  /** What the API says of each batch. */
  batches: Array<{
    batch_id: string;
    /** The API's word, such as \`completed\` or \`expired\`. */
    status: string;
    /** Its first row, from 0, among all rows of Start a batch. */
    first_row: number;
    rows: number;
    completed: number;
    failed: number;
  }>;
  /** Lines of the results that could not be used; the first 20. */
  damaged_lines?: Array<{ file_id: string; line: number; reason: string }>;
}`,
  basic: [
    json('batch_id', 'Batch ID', {
      placeholder: 'e.g. {{queries.startBatch.data}} or batch_abc123',
      accepts: 'ID of a batch, a list of them, or what Start a batch returned',
      fallback: 'Required',
      type: 'string | string[] | { batch_ids: string[] }',
      help: 'What Start a batch returned, or the IDs in it: one, or several as a list.',
      details:
        'With some of the IDs, `data` has the rows of these batches only, and `metadata.batches` says where they begin.',
      sample: 'batch_other',
    }),
    wholeNumber('first_row', 'First row', {
      min: 0,
      placeholder: 'e.g. 2500',
      fallback: '`0`',
      help: 'Gets a large batch in pages, together with Rows. The index of the first row of the page, from 0.',
      details: 'Rows are counted across all batches.',
      sample: '1',
    }),
    wholeNumber('rows', 'Rows', {
      min: 1,
      placeholder: 'e.g. 2500',
      fallback: 'all',
      help: 'How many rows to get, from First row on.',
      sample: '1',
    }),
  ],
  advanced: [result],
  about:
    'Returns the results of a batch. While it runs, `data` is `{status, counts}`. When it is done, `data` is the list of answers in the order of the rows, as in [Chat for a list](#chat-for-a-list), or the list of vectors. So `Array.isArray(data)` says whether it is done. Ask as often as you like: it costs nothing.',
  examples: [
    {
      title: 'Get a batch that is running',
      query: { batch_id: '{{queries.startBatch.data}}' },
      result: {
        data: { status: 'in_progress', counts: { total: 3, completed: 1, failed: 0 } },
        metadata: { batches: [{ status: 'in_progress', first_row: 0, rows: 3 }] },
      },
    },
  ],
  notes: `With the IDs of several batches, \`data\` has the rows of all of them, in their order, as soon as all are done.

A result has room for 64 MiB of text, or about 4 million numbers. That is 50,000 answers of 1,300 characters each, or 2,700 vectors of 1,536 numbers. Get more in pages: First row \`2500\` and Rows \`2500\` return the second page, in which \`data[0]\` is row 2500. Rows of other pages take no room. The last page has the rows that are left, and a First row after the last row is an error. If a page does not fit, the error says how many rows would. For each page, the files of the batches that it lies in are read again, so prefer few large pages.

\`metadata\` says which rows these are: \`rows\` of them from \`first_row\` on, of \`total_rows\` in all. An \`index\` in \`metadata.failed\`, \`metadata.details\` or \`metadata.finish_reasons\` counts across all pages, so it is the index in the list that was started.

The answer of a row that failed is \`null\`, and \`metadata.failed\` says why, as in Chat for a list. A batch that expired or was cancelled returns the answers so far; its other rows failed with the code \`batch_expired\` or \`batch_cancelled\`. The query fails only if no row of any page has an answer, with the failure of the first row. If the API rejected the file of the batch, it ran no row, and the query fails because of the row that the API names: \`data.index\` is that row. \`metadata.failed\` has what is wrong with each row that the API names, and the code \`batch_failed\` for the others. \`metadata.damaged_lines\` names lines of the results that are not JSON, belong to no row of the batch, or repeat one.

The provider keeps the results for some time, at OpenAI for 30 days.

${OVERNIGHT}`,
  trial: {
    query: { batch_id: 'batch_1' },
  },
};
