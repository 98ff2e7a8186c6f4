// Reads a form (multipart/form-data) as it arrives: its file goes to the disk, because it may be as large as the API
// allows.

import { badRequest } from './api-failure.mjs';

/** Of a field that is not a file, and of the head of each part. */
const MAX_FIELD_BYTES = 64 * 1024;
const LINE = '\r\n';

const broken = () => badRequest('Could not parse multipart form');

/** Reads what arrives up to marks in it. */
function createReader(incoming) {
  const source = incoming[Symbol.asyncIterator]();
  // The first delimiter has no line before it.
  let held = Buffer.from(LINE);

  async function receive() {
    const { done, value } = await source.next();
    if (done) throw broken();
    held = held.length === 0 ? value : Buffer.concat([held, value]);
  }

  return {
    /** Passes on all bytes before the next `mark`, as they come, and drops the mark. */
    async passUntil(mark, pass) {
      for (;;) {
        const at = held.indexOf(mark);
        const end = at >= 0 ? at : held.length - mark.length + 1;
        if (end > 0) {
          await pass(held.subarray(0, end));
          held = held.subarray(end);
        }
        if (at >= 0) {
          held = held.subarray(mark.length);
          return;
        }
        await receive();
      }
    },
    async take(length) {
      while (held.length < length) await receive();
      const taken = held.subarray(0, length).toString('latin1');
      held = held.subarray(length);
      return taken;
    },
    async skipRest() {
      for (let isDone = false; !isDone; ) isDone = (await source.next()).done;
    },
  };
}

async function readText(reader, mark) {
  const chunks = [];
  let size = 0;
  await reader.passUntil(mark, (bytes) => {
    size += bytes.length;
    if (size > MAX_FIELD_BYTES) throw broken();
    chunks.push(Buffer.from(bytes));
  });
  return Buffer.concat(chunks).toString('utf8');
}

const parameter = (head, name) => new RegExp(`[;\\s]${name}="([^"]*)"`, 'i').exec(head)?.[1];

/**
 * Returns the fields of a form as `body`, and as `files` what is known of each file: its `content` is a temporary file
 * from `openFile`. Of one above `maxBytes`, only the `size` is right.
 */
export async function readUpload(incoming, { openFile, maxBytes }) {
  const [, boundary] = /boundary="?([^";]+)"?/.exec(incoming.headers['content-type']) ?? [];
  if (!boundary) throw broken();
  const delimiter = Buffer.from(`${LINE}--${boundary}`);
  const reader = createReader(incoming);
  const body = {};
  const files = {};

  async function readPart() {
    const head = await readText(reader, `${LINE}${LINE}`);
    const name = parameter(head, 'name');
    const filename = parameter(head, 'filename');
    if (name === undefined) throw broken();
    if (filename === undefined) {
      body[name] = await readText(reader, delimiter);
      return;
    }
    const [, type = 'application/octet-stream'] = /content-type:\s*(\S+)/i.exec(head) ?? [];
    const file = { name: filename, type, size: 0, content: await openFile() };
    files[name] = file;
    await reader.passUntil(delimiter, async (bytes) => {
      file.size += bytes.length;
      if (file.size <= maxBytes) await file.content.append(bytes);
    });
  }

  await reader.passUntil(delimiter, () => {});
  while ((await reader.take(2)) === LINE) await readPart();
  await reader.skipRest();
  return { body, files };
}
