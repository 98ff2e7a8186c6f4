// Answers the rows of a batch. The last rows come first, and the lines of the output are in no order that means
// anything, as in the API.

import { addFile } from './files.mjs';

/** The rows that are read and written together. */
const BLOCK = 500;

const greatestDivisor = (a, b) => (b === 0 ? a : greatestDivisor(b, a % b));

/** All numbers below `count`, in another order that is always the same. */
function scattered(count) {
  let step = Math.max(1, Math.floor(count * 0.618));
  while (greatestDivisor(count, step) !== 1) step += 1;
  return Array.from({ length: count }, (_, index) => ((index + 1) * step) % count);
}

/** The usage of a batch has the names of the Responses API, whatever its endpoint. */
function addUsage(sum, { usage }) {
  if (!usage) return;
  sum.input_tokens += usage.input_tokens ?? usage.prompt_tokens ?? 0;
  sum.output_tokens += usage.output_tokens ?? usage.completion_tokens ?? 0;
  sum.total_tokens += usage.total_tokens ?? 0;
  const details = usage.output_tokens_details ?? usage.completion_tokens_details;
  sum.output_tokens_details.reasoning_tokens += details?.reasoning_tokens ?? 0;
}

export const noUsage = () => ({
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 0,
});

const lineOf = (batch, index, { custom_id }, outcome) =>
  `${JSON.stringify({ id: `batch_req_${batch.number}_${index}`, custom_id, ...outcome })}\n`;

async function readRows(batch, from, to) {
  const { start } = batch.offsets[from];
  const bytes = await batch.content.read(start, batch.offsets[to - 1].end);
  return batch.offsets
    .slice(from, to)
    .map((row) => JSON.parse(bytes.toString('utf8', row.start - start, row.end - start)));
}

/** The file that a batch writes its rows to, which is there once one has been written. */
async function append(batch, kind, store, lines) {
  if (lines.length === 0) return;
  batch[kind] ??= await store.openFile();
  await batch[kind].append(lines.join(''));
}

async function runBlock(batch, { store, answerAt }, from, to) {
  const rows = await readRows(batch, from, to);
  const lines = { output: [], errors: [] };
  for (const at of scattered(rows.length)) {
    const row = rows[at];
    const { status, body } = await answerAt(batch.endpoint, row.body);
    const index = from + at;
    const response = {
      status_code: status,
      request_id: `req_mock_api_${batch.number}_${index}`,
      body,
    };
    const line = lineOf(batch, index, row, { response, error: null });
    if (status < 400) {
      lines.output.push(line);
      batch.counts.completed += 1;
      addUsage(batch.usage, body);
    } else {
      lines.errors.push(line);
      batch.counts.failed += 1;
    }
  }
  await append(batch, 'output', store, lines.output);
  await append(batch, 'errors', store, lines.errors);
}

/** Runs a batch until `count` of its rows are done. */
export async function runRows(batch, context, count) {
  while (batch.done < count) {
    const to = batch.offsets.length - batch.done;
    const from = Math.max(batch.offsets.length - count, to - BLOCK);
    await runBlock(batch, context, from, to);
    batch.done += to - from;
  }
}

const EXPIRED = {
  code: 'batch_expired',
  message: 'This request could not be executed before the completion window expired.',
};

/** Writes that the rows that are not done have expired. */
export async function expireRows(batch, { store }) {
  for (let to = batch.offsets.length - batch.done; to > 0; to -= BLOCK) {
    const from = Math.max(0, to - BLOCK);
    const rows = await readRows(batch, from, to);
    const lines = rows.map((row, at) =>
      lineOf(batch, from + at, row, { response: null, error: EXPIRED }),
    );
    await append(batch, 'errors', store, lines);
  }
}

/** Lets the files of a batch be downloaded. */
export function publishFiles(batch, { store }) {
  const publish = (kind) =>
    batch[kind] &&
    addFile(store, {
      purpose: 'batch_output',
      filename: `${batch.id}_${kind}.jsonl`,
      content: batch[kind],
    }).id;
  batch.output_file_id = publish('output');
  batch.error_file_id = publish('errors');
}
