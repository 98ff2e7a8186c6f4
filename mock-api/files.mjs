// The files that are uploaded, and those that the API writes: https://developers.openai.com/api/reference/resources/files

import { badRequest, notFound } from './api-failure.mjs';
import { linesOf } from './lines.mjs';
import { integer, isObject, missing, oneOf } from './parameters.mjs';

/** Of a batch. Whether the API counts megabytes of 1000 or of 1024 kilobytes is not known. */
export const MAX_BATCH_BYTES = 200 * 1000 * 1000;
const DAY = 24 * 60 * 60;
const KEPT_SECONDS = 30 * DAY;

const checkPurpose = oneOf('assistants', 'batch', 'evals', 'fine-tune', 'user_data', 'vision');
const checkAnchor = oneOf('created_at');
const checkSeconds = integer(60 * 60, KEPT_SECONDS);
const ANCHOR = 'expires_after[anchor]';
const SECONDS = 'expires_after[seconds]';

/** How long the file is to be kept, in seconds; `undefined` for ever. */
function readKept(body) {
  if (body[ANCHOR] === undefined && body[SECONDS] === undefined) {
    return body.purpose === 'batch' ? KEPT_SECONDS : undefined;
  }
  checkAnchor(ANCHOR, body[ANCHOR]);
  const seconds = body[SECONDS] === undefined ? undefined : Number(body[SECONDS]);
  checkSeconds(SECONDS, seconds);
  return seconds;
}

async function isJsonl({ name, content }) {
  if (!name.endsWith('.jsonl')) return false;
  for await (const { text } of linesOf(content.pieces())) {
    // The other lines are read when a batch is created.
    try {
      return isObject(JSON.parse(text));
    } catch {
      return false;
    }
  }
  return false;
}

async function checkUpload(body, files) {
  checkPurpose('purpose', body.purpose);
  if (!files.file) throw missing('file');
  if (body.purpose !== 'batch') return;
  if (files.file.size > MAX_BATCH_BYTES) throw badRequest('File is too large.');
  if (!(await isJsonl(files.file))) {
    throw badRequest('Invalid file format for Batch API. Must be .jsonl');
  }
}

const inApi = ({ id, purpose, filename, created, kept, content }) => ({
  object: 'file',
  id,
  purpose,
  filename,
  bytes: content.size,
  created_at: created,
  expires_at: kept === undefined ? null : created + kept,
  status: 'processed',
  status_details: null,
});

/** Keeps a file whose bytes are in `content`, a temporary file. */
export function addFile(store, { purpose, filename, content, kept = KEPT_SECONDS }) {
  const id = `file-mock-api-${String(store.files.size + 1).padStart(6, '0')}`;
  const file = { id, purpose, filename, content, kept, created: store.now() };
  store.files.set(id, file);
  return file;
}

/** The file of this id, if there is one and it has not expired. */
export function findFile(store, id) {
  const file = store.files.get(id);
  const isGone = file?.kept !== undefined && store.now() >= file.created + file.kept;
  return isGone ? undefined : file;
}

function fileAt(store, id) {
  const file = findFile(store, id);
  if (!file) throw notFound(`No such File object: ${id}`, 'id');
  return file;
}

async function upload(body, { store, files }) {
  await checkUpload(body, files);
  const { name, content } = files.file;
  const kept = readKept(body);
  return inApi(addFile(store, { purpose: body.purpose, filename: name, content, kept }));
}

export const FILE_ROUTES = [
  { method: 'POST', path: /^\/v1\/files$/, operation: 'files', isForm: true, answer: upload },
  {
    method: 'GET',
    path: /^\/v1\/files\/([^/]+)$/,
    operation: 'files',
    answer: (_, { store, match }) => inApi(fileAt(store, match[1])),
  },
  {
    method: 'GET',
    path: /^\/v1\/files\/([^/]+)\/content$/,
    operation: 'files',
    isBinary: true,
    answer: (_, { store, match }) => fileAt(store, match[1]).content.pieces(),
  },
];
