import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop, createQuery } from '../query.mjs';
import { percentile } from '../statistics.mjs';
import { allThreads, mainThread, peakRss } from '../threads.mjs';

/** The histogram contains the intervals between timer ticks, which include the timer's own. */
const TICK_MS = 1;

/**
 * Keeps `concurrency` queries running, and measures for `window` milliseconds after warming up;
 * longer if too few queries have ended by then.
 */
export async function load({ file, baseUrl, length, concurrency, warmup, window }, enterPhase) {
  const query = createQuery({ file, baseUrl, length });
  const started = performance.now();
  let ended = 0;
  let measureFrom = Number.POSITIVE_INFINITY;
  let measureTo = Number.POSITIVE_INFINITY;
  let failure;
  const latencies = [];

  const users = closedLoop({
    query,
    concurrency,
    isOver: () => failure !== undefined || measureTo < Number.POSITIVE_INFINITY,
    onQuery(start, end) {
      ended += 1;
      if (start >= measureFrom && start < measureTo) latencies.push(end - start);
    },
  }).catch((error) => {
    failure = error;
  });
  const until = async (condition) => {
    while (!condition() && failure === undefined) await sleep(2);
  };
  const elapsed = () => performance.now() - started;

  await until(() => elapsed() >= warmup && ended >= concurrency);
  enterPhase('measuring');
  const eventLoop = monitorEventLoopDelay({ resolution: TICK_MS });
  eventLoop.enable();
  measureFrom = performance.now();
  const before = { ended, main: mainThread(), all: allThreads() };
  await until(
    () =>
      performance.now() - measureFrom >= window &&
      ended - before.ended >= Math.min(concurrency, 64),
  );
  measureTo = performance.now();
  const after = { ended, main: mainThread(), all: allThreads() };
  eventLoop.disable();
  enterPhase('measured');
  await users;
  if (failure) throw failure;

  const queries = after.ended - before.ended;
  const seconds = (measureTo - measureFrom) / 1000;
  return {
    queriesPerSecond: queries / seconds,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    mainThreadUs: ((after.main.ran - before.main.ran) * 1000) / queries,
    allThreadsUs: ((after.all - before.all) * 1000) / queries,
    eventLoopDelayP99: Math.max(0, eventLoop.percentile(99) / 1e6 - TICK_MS),
    waitedForCore: (after.main.waited - before.main.waited) / (seconds * 1000),
    peakRss: peakRss(),
    queries,
    allQueries: ended,
  };
}
