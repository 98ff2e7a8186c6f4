// Runs a query as ToolJet's server does: evaluates the plugin's text in a new context, creates an
// instance of its class and calls it. The server's further work on the result (such as converting it
// to JSON, which takes most of a millisecond for 200 KB) is the same for every plugin, so it is not
// measured.

import { readFileSync } from 'node:fs';
import { loadPlugin } from '../harness/loaders.mjs';
import { listQuery, QUERY } from './responses.mjs';

const SOURCE = { apiKey: 'sk-bench-0123456789abcdef0123456789abcdef', organizationId: '' };

/**
 * Builds a function that runs one query, optionally with another base URL, and throws unless its
 * result is a string of `length` characters.
 */
export function createQuery({ file, baseUrl, length }) {
  const run = runnerOf(file);
  return async (address = baseUrl) => {
    const { data } = await run(address, { ...QUERY });
    assertLength(data, length);
  };
}

/**
 * Builds a function that sends the given number of rows in one query, `parallel` at a time, and throws
 * unless each has an answer of `length` characters. With a `length` of 0, no answers are expected.
 */
export function createListQuery({ file, baseUrl, length, parallel }) {
  const run = runnerOf(file);
  return async (rows) => {
    const { data } = await run(baseUrl, listQuery({ rows, parallel }));
    if (length === 0) return;
    if (data.length !== rows)
      throw new Error(`the result has ${data.length} rows instead of ${rows}`);
    for (const answer of data) assertLength(answer, length);
  };
}

function runnerOf(file) {
  const text = readFileSync(file, 'utf8');
  return (address, query) => {
    const Plugin = loadPlugin(text, { loader: 'E' });
    return new Plugin().run({ ...SOURCE, base_url: address }, query, 'data-source-id', new Date(), {
      user: { id: 'user' },
      app: { id: 'app', isPublic: false },
    });
  };
}

function assertLength({ length: found }, length) {
  if (found !== length) {
    throw new Error(`the result has ${found} characters instead of ${length}`);
  }
}

/** Keeps `concurrency` queries running until `isOver()`, and records the start and end of each. */
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

/** Runs `count` queries, `concurrency` at a time. */
export async function runQueries({ query, concurrency, count }) {
  let left = count;
  await closedLoop({
    query,
    concurrency,
    isOver: () => {
      left -= 1;
      return left < 0;
    },
  });
}
