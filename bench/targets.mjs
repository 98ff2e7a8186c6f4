// The targets of this plugin. Each is a ratio or a difference within one run.

import { EMPTY, OURS } from './contenders.mjs';
import {
  BURST,
  CONCURRENCIES,
  LARGE_ANSWERS,
  MAIN,
  WITH_ADDON_FILE,
  WITHOUT_ADDON_FILE,
} from './plan.mjs';
import { aboveFloor, advantage, coldStart, median, withoutFloor } from './report/metrics.mjs';

const MAX_BYTES = 1_750_000;
const MAX_THREADS = 24;
const GROWTH_TOLERANCE_MB = 3;

export function targets(results) {
  const busy = { ...MAIN, concurrency: 64 };
  const times = (contender, cell) =>
    advantage(results, contender, cell, 'queriesPerSecond', { more: 'better' });
  const large = { ...LARGE_ANSWERS, concurrency: 64 };
  return [
    ratio('1 KB answers, 64 at once: queries/s of openai 4', times('openai-4', busy), 25),
    ratio('... of the newest openai', times('openai-latest', busy), 14),
    ratio('... of the thinnest node:http', times('node-http', busy), 2),
    ratio('200 KB answers, 64 at once: queries/s of openai 4', times('openai-4', large), 15),
    ratio('... of the newest openai', times('openai-latest', large), 8),
    ratio('... of the thinnest node:http', times('node-http', large), 2.5),
    atMost('Main thread above the floor, 64 at once, us', aboveFloor(results, OURS, 64), 60),
    atMost('Main thread above the floor, one by one, us', aboveFloor(results, OURS, 1), 120),
    ...lowest(results, busy),
    ...connections(results),
    firstQuery(results, 'First query above the floor, no cached addon, ms', WITHOUT_ADDON_FILE, 30),
    firstQuery(results, 'First query above the floor, cached addon, ms', WITH_ADDON_FILE, 8),
    atMost(
      'dist/index.js, MB',
      results.contenders.find(({ id }) => id === OURS).bytes / 1e6,
      MAX_BYTES / 1e6,
    ),
    ...memory(results),
    atMost(
      `Threads in a burst of ${BURST.hosts} new hosts`,
      results.burst.find(({ contender }) => contender === OURS).most,
      MAX_THREADS - 1,
    ),
  ];
}

/**
 * Much of a first query is the first evaluation of any text, which is all that the empty plugin
 * does.
 */
function firstQuery(results, title, kind, most) {
  return atMost(title, coldStart(results, OURS, kind) - coldStart(results, EMPTY), most);
}

function lowest(results, cell) {
  const others = withoutFloor(results).filter(({ id }) => id !== OURS);
  const below = (title, name) =>
    atMost(
      title,
      median(results, OURS, cell, name),
      Math.min(...others.map(({ id }) => median(results, id, cell, name))),
    );
  return [
    below('p99 of a query, 64 at once, ms (the least of the others)', 'p99'),
    below('p99 of event-loop delay, 64 at once, ms (the same)', 'eventLoopDelayP99'),
  ];
}

function connections(results) {
  return CONCURRENCIES.map((concurrency) =>
    atMost(
      `TLS connections opened at ${concurrency} at once`,
      median(results, OURS, { ...MAIN, concurrency }, 'tlsConnections'),
      concurrency,
    ),
  );
}

function memory(results) {
  const peak = (id) => median(results, id, { ...MAIN, concurrency: 256 }, 'peakRss');
  return [
    atMost('Peak RSS, 256 at once, MB (a third of openai 4)', peak(OURS), peak('openai-4') / 3),
    atMost('Peak RSS, 256 at once, MB (that of node:http)', peak(OURS), peak('node-http')),
    atMost(
      'Heap grown by 18,000 queries, MB (the empty plugin + 3)',
      grown(results, OURS),
      grown(results, EMPTY) + GROWTH_TOLERANCE_MB,
    ),
  ];
}

function grown(results, contender) {
  const { samples } = results.growth.find((each) => each.contender === contender);
  return samples.at(-1).heap - samples[0].heap;
}

function ratio(title, value, least) {
  return { title, value: `${value.toFixed(1)}x`, limit: `>= ${least}x`, holds: value >= least };
}

function atMost(title, value, most) {
  const show = (number) =>
    Number.isInteger(number) ? `${number}` : number.toFixed(number < 10 ? 2 : 0);
  return { title, value: show(value), limit: `<= ${show(most)}`, holds: value <= most };
}
