import { createQuery, runQueries } from '../query.mjs';
import { openFiles, threadCount } from '../threads.mjs';

/** Memory, threads and descriptors after every `batch` of `queries` queries. Needs --expose-gc. */
export async function growth({ file, baseUrl, length, concurrency, queries, batch }) {
  const query = createQuery({ file, baseUrl, length });
  const samples = [];
  for (let done = 0; done < queries; done += batch) {
    await runQueries({ query, concurrency, count: batch });
    // Contexts are freed only after everything they refer to.
    for (let round = 0; round < 3; round += 1) {
      global.gc();
      await new Promise(setImmediate);
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    samples.push({
      queries: done + batch,
      heap: (heapUsed + external) / 1e6,
      rss: rss / 1e6,
      threads: threadCount(),
      openFiles: openFiles(),
    });
  }
  return { samples };
}
