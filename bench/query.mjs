// One query, as ToolJet's server runs it: the plugin's text evaluated in a fresh context, its
// class made and called. What the server then does with the result (for one, turning it into JSON,
// most of a millisecond for 200 KB) is the same whoever made it, and not measured.

import { readFileSync } from 'node:fs';
import { loadPlugin } from '../harness/loaders.mjs';
import { QUERY } from './answers.mjs';

const SOURCE = { apiKey: 'sk-bench-0123456789abcdef0123456789abcdef', organizationId: '' };

/**
 * A function that runs one query, at another address if it is given one, and throws unless its
 * result is a text of `length` characters.
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

/** Keeps `concurrency` queries under way until `isOver()`; each is told with its start and end. */
export async function closedLoop({ query, concurrency, isOver, onQuery = () => {} }) {
  const user = async () => {
    while (!isOver()) {
      const start = performance.now();
      // A query reaches the server by a socket, so never in the turn in which another one ends.
      await new Promise(setImmediate);
      await query();
      onQuery(start, performance.now());
    }
  };
  await Promise.all(Array.from({ length: concurrency }, user));
}
