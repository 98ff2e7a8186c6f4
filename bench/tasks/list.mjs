import { setTimeout as sleep } from 'node:timers/promises';
import { createListQuery, createQuery, runQueries } from '../query.mjs';
import { allThreads, mainThread, peakRss } from '../threads.mjs';

/** A list leaves work behind, such as closing connections, which must not count for the next one. */
const PAUSE_MS = 100;

/**
 * Asks `rows` prompts `times` times, `parallel` at a time, in one query or with a query for each, and
 * measures it. Asks `warmup` rows before that, so that code is compiled and connections are open.
 */
export async function list(
  { file, baseUrl, length, rows, times, parallel, isOneQuery, warmup },
  enterPhase,
) {
  const ask = isOneQuery
    ? createListQuery({ file, baseUrl, length, parallel })
    : loopOf({ query: createQuery({ file, baseUrl, length }), concurrency: parallel });
  const first = await timed(() => ask(warmup));
  await sleep(PAUSE_MS);
  enterPhase('measuring');
  const before = { main: mainThread(), all: allThreads() };
  const seconds = await timed(async () => {
    for (let time = 0; time < times; time += 1) await ask(rows);
  });
  const after = { main: mainThread(), all: allThreads() };
  enterPhase('measured');
  const asked = rows * times;
  return {
    rowsPerSecond: asked / seconds,
    firstRowsPerSecond: warmup / first,
    mainThreadUs: ((after.main.ran - before.main.ran) * 1000) / asked,
    allThreadsUs: ((after.all - before.all) * 1000) / asked,
    peakRss: peakRss(),
    allQueries: warmup + asked,
  };
}

async function timed(work) {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function loopOf({ query, concurrency }) {
  return (count) => runQueries({ query, concurrency, count });
}
