// Batches: https://developers.openai.com/api/docs/guides/batch
//
// A batch goes on when it is asked for, and not by the clock: it is validated and half of it run, then all of it, then it
// is completed. It expires when as much time has passed as the API has for it.

import { ApiFailure, notFound } from './api-failure.mjs';
import { BATCH_ENDPOINTS, readInput } from './batch-input.mjs';
import { expireRows, noUsage, publishFiles, runRows } from './batch-run.mjs';
import { checkParameters, exactly, integer, metadata, oneOf, string } from './parameters.mjs';

const WINDOW_SECONDS = 24 * 60 * 60;

const RULES = {
  required: ['input_file_id', 'endpoint', 'completion_window'],
  parameters: {
    input_file_id: string(),
    endpoint: oneOf(...Object.keys(BATCH_ENDPOINTS)),
    completion_window: oneOf('24h'),
    metadata,
    output_expires_after: exactly(
      { anchor: oneOf('created_at'), seconds: integer(3600, 2592000) },
      ['anchor', 'seconds'],
    ),
  },
};

const STAMPS = [
  'in_progress_at',
  'expires_at',
  'finalizing_at',
  'completed_at',
  'failed_at',
  'expired_at',
  'cancelling_at',
  'cancelled_at',
];

const inApi = (batch) => ({
  id: batch.id,
  object: 'batch',
  endpoint: batch.endpoint,
  model: batch.model ?? null,
  errors: batch.problems ? { object: 'list', data: batch.problems } : null,
  input_file_id: batch.input_file_id,
  completion_window: batch.completion_window,
  status: batch.status,
  output_file_id: batch.output_file_id ?? null,
  error_file_id: batch.error_file_id ?? null,
  created_at: batch.created_at,
  ...Object.fromEntries(STAMPS.map((name) => [name, batch[name] ?? null])),
  request_counts: batch.counts,
  usage: batch.usage,
  metadata: batch.metadata ?? null,
});

export function createBatch(body, { store }) {
  checkParameters(body, RULES);
  const number = String(store.batches.size + 1).padStart(6, '0');
  const batch = {
    ...body,
    number,
    id: `batch_mock_api_${number}`,
    status: 'validating',
    created_at: store.now(),
    expires_at: store.now() + WINDOW_SECONDS,
    counts: { total: 0, completed: 0, failed: 0 },
    usage: noUsage(),
    done: 0,
    turn: Promise.resolve(),
  };
  store.batches.set(batch.id, batch);
  return inApi(batch);
}

function become(batch, status, { store }) {
  batch.status = status;
  batch[`${status}_at`] = store.now();
}

async function validate(batch, context) {
  const { errors, ...input } = await readInput(context.store, batch);
  if (errors.length > 0) {
    batch.problems = errors;
    become(batch, 'failed', context);
    return;
  }
  Object.assign(batch, input);
  batch.counts.total = batch.offsets.length;
  become(batch, 'in_progress', context);
  await runRows(batch, context, Math.floor(batch.offsets.length / 2));
}

async function expire(batch, context) {
  if (batch.offsets) await expireRows(batch, context);
  publishFiles(batch, context);
  become(batch, 'expired', context);
}

/** What happens to a batch of this status when it is asked for. */
const STEPS = {
  validating: validate,
  in_progress: async (batch, context) => {
    await runRows(batch, context, batch.offsets.length);
    become(batch, 'finalizing', context);
  },
  finalizing: (batch, context) => {
    publishFiles(batch, context);
    become(batch, 'completed', context);
  },
  cancelling: (batch, context) => {
    publishFiles(batch, context);
    become(batch, 'cancelled', context);
  },
};
const EXPIRES = ['validating', 'in_progress'];

async function step(batch, context) {
  const isLate = context.store.now() >= batch.expires_at && EXPIRES.includes(batch.status);
  await (isLate ? expire : STEPS[batch.status])?.(batch, context);
  return inApi(batch);
}

function cancel(batch, context) {
  if (EXPIRES.includes(batch.status)) {
    become(batch, 'cancelling', context);
  } else if (!batch.status.startsWith('cancel')) {
    throw new ApiFailure(409, { message: `Cannot cancel a batch with status '${batch.status}'.` });
  }
  return inApi(batch);
}

/** Does something with the batch of a request, one after the other. */
function withBatch(work) {
  return async (_, context) => {
    const [, id] = context.match;
    const batch = context.store.batches.get(id);
    if (!batch) throw notFound(`No batch found with id '${id}'.`);
    const turn = batch.turn.then(() => work(batch, context));
    batch.turn = turn.catch(() => {});
    return await turn;
  };
}

const route = { operation: 'batches' };
export const BATCH_ROUTES = [
  { ...route, method: 'POST', path: /^\/v1\/batches$/, answer: createBatch },
  { ...route, method: 'GET', path: /^\/v1\/batches\/([^/]+)$/, answer: withBatch(step) },
  {
    ...route,
    method: 'POST',
    path: /^\/v1\/batches\/([^/]+)\/cancel$/,
    hasNoBody: true,
    answer: withBatch(cancel),
  },
];
