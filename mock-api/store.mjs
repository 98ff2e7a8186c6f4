import { openTemporaryFile } from './temporary-file.mjs';

/** What the API keeps between two requests: files and batches, and the time, in seconds, which passes only when told. */
export function createStore(start) {
  let time = start;
  const files = new Map();
  const batches = new Map();
  const opened = new Set();
  return {
    files,
    batches,
    now: () => time,
    pass(seconds) {
      time += seconds;
    },
    /** A temporary file that is gone when all is forgotten. */
    async openFile() {
      const file = await openTemporaryFile();
      opened.add(file);
      return file;
    },
    async clear() {
      time = start;
      files.clear();
      batches.clear();
      const closing = [...opened].map((file) => file.close());
      opened.clear();
      await Promise.all(closing);
    },
  };
}
