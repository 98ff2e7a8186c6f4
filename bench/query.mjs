// One query as ToolJet's server runs it: evaluates the plugin's text in a new context, creates an
// instance of its class and calls it. What the server then does with the result (such as converting
// it to JSON, most of a millisecond for 200 KB) is the same for every plugin and not measured.

import { readFileSync } from 'node:fs';
import { loadPlugin } from '../harness/loaders.mjs';
import { QUERY } from './responses.mjs';

const SOURCE = { apiKey: 'sk-bench-0123456789abcdef0123456789abcdef', organizationId: '' };

/**
 * Builds a function that runs one query, optionally with another base URL, and throws unless its
 * result is a string of `length` characters.
 */
export function createQuery({ file, baseUrl, length }) {
  const text = readFileSync(file, 'utf8');
  return async (address = baseUrl) => {
    const Plugin = loadPlugin(text, { loader: 'E' });
    const result = await new Plugin().run(
      { ...SOURCE, base_url: address },
      { ...QUERY },
      'data-source-id',
      new Date(),
      { user: { id: 'user' }, app: { id: 'app', isPublic: false } },
    );
    if (result.data.length !== length) {
      throw new Error(`the result has ${result.data.length} characters instead of ${length}`);
    }
  };
}

/** Keeps `concurrency` queries running until `isOver()`; each gets its start and end. */
export async function closedLoop({ query, concurrency, isOver, onQuery = () => {} }) {
  const user = async () => {
    while (!isOver()) {
      const start = performance.now();
      // A query reaches the server through a socket, so it never starts in the same turn of the
      // event loop in which another one ends.
      await new Promise(setImmediate);
      await query();
      onQuery(start, performance.now());
    }
  };
  await Promise.all(Array.from({ length: concurrency }, user));
}
