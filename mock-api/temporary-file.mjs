import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHUNK_BYTES = 256 * 1024;

/** Opens a file without a name, which is gone as soon as it is closed or its process ends. */
export async function openTemporaryFile() {
  const path = join(tmpdir(), `mock-api-${randomUUID()}`);
  const handle = await open(path, 'ax+', 0o600);
  await unlink(path);
  let size = 0;

  async function read(from, to) {
    const bytes = Buffer.allocUnsafe(to - from);
    for (let filled = 0; filled < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from + filled);
      if (bytesRead === 0) throw new Error('a temporary file has lost bytes');
      filled += bytesRead;
    }
    return bytes;
  }

  return {
    get size() {
      return size;
    },
    async append(bytes) {
      await handle.appendFile(bytes);
      size += Buffer.byteLength(bytes);
    },
    /** The bytes from one offset up to another. */
    read,
    async *pieces() {
      for (let at = 0; at < size; at += CHUNK_BYTES) {
        yield await read(at, Math.min(size, at + CHUNK_BYTES));
      }
    },
    close: () => handle.close(),
  };
}
