// The targets of this plugin. Each compares within one run.

import { EMPTY, OURS } from './contenders.mjs';
import {
  BURST,
  CONCURRENCIES,
  LARGE_ANSWERS,
  LIST,
  LISTS,
  MAIN,
  WITH_ADDON_FILE,
  WITHOUT_ADDON_FILE,
} from './plan.mjs';
import { aboveFloor, coldStart, listMetric, median, withoutFloor } from './report/metrics.mjs';

const MAX_THREADS = 24;
const GROWTH_TOLERANCE_MB = 3;
/** Of an empty plugin's queries: the harness, like ToolJet, sets the limit, and it is another one on each machine. */
const MIN_SHARE_OF_FLOOR = 0.9;
const MIN_LIST_ADVANTAGE = 8;
const MIN_SHARE_OF_IDEAL = 0.92;
const MAX_ROW_US = 25;
const MAX_LIST_MB = 60;

export function targets(results) {
  const busy = { ...MAIN, concurrency: 64 };
  const queries = (id) => median(results, id, busy, 'queriesPerSecond');
  return [
    atLeast(
      "1 KB answers, 64 at once: share of the empty plugin's queries/s",
      queries(OURS) / queries(EMPTY),
      MIN_SHARE_OF_FLOOR,
    ),
    atMost('Main thread above the floor, 64 at once, us', aboveFloor(results, OURS, 64), 60),
    atMost('Main thread above the floor, one by one, us', aboveFloor(results, OURS, 1), 120),
    ...lowest(results, busy),
    ...connections(results),
    firstQuery(results, 'First query above the floor, no cached addon, ms', WITHOUT_ADDON_FILE, 30),
    firstQuery(results, 'First query above the floor, cached addon, ms', WITH_ADDON_FILE, 8),
    ...memory(results),
    atMost(
      `Threads in a burst of ${BURST.hosts} new hosts`,
      results.burst.find(({ contender }) => contender === OURS).most,
      MAX_THREADS - 1,
    ),
  ];
}

/** The targets of `npm run bench -- --list`. */
export function listTargets(results) {
  const of = (id, cell, isOneQuery, name) =>
    listMetric(results, id, { ...cell, isOneQuery }, name).median;
  return LISTS.flatMap((cell) => {
    const { serverTime } = cell;
    const rows = of(OURS, cell, true, 'rowsPerSecond');
    const ideal = (LIST.parallel * 1000) / serverTime;
    const title = serverTime === 0 ? 'answered at once' : `answered after ${serverTime} ms`;
    return [
      serverTime === 0
        ? ratio(
            `A list, ${title}: rows/s of a loop`,
            rows / of(OURS, cell, false, 'rowsPerSecond'),
            MIN_LIST_ADVANTAGE,
          )
        : atLeast(
            `A list, ${title}: share of the ${ideal.toLocaleString('en')} rows/s that are possible`,
            rows / ideal,
            MIN_SHARE_OF_IDEAL,
          ),
      atMost(`... main thread, us a row`, of(OURS, cell, true, 'mainThreadUs'), MAX_ROW_US),
      atMost(
        '... peak RSS, MB (the empty plugin + 60)',
        of(OURS, cell, true, 'peakRss'),
        of(EMPTY, cell, true, 'peakRss') + MAX_LIST_MB,
      ),
    ];
  });
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
    largeAnswers(results, others),
  ];
}

/** How much less an answer of 200 KB costs than with the others depends on the machine. */
function largeAnswers(results, others) {
  const cell = { ...LARGE_ANSWERS, concurrency: 64 };
  const of = (id) => median(results, id, cell, 'queriesPerSecond');
  const most = Math.max(...others.map(({ id }) => of(id)));
  const title = '200 KB answers, 64 at once: queries/s (the most of the others)';
  return {
    title,
    value: of(OURS).toFixed(0),
    limit: `>= ${most.toFixed(0)}`,
    holds: of(OURS) >= most,
  };
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

function atLeast(title, share, least) {
  const percent = (number) => `${(number * 100).toFixed(0)} %`;
  return { title, value: percent(share), limit: `>= ${percent(least)}`, holds: share >= least };
}

function atMost(title, value, most) {
  const show = (number) =>
    Number.isInteger(number) ? `${number}` : number.toFixed(number < 10 ? 2 : 0);
  return { title, value: show(value), limit: `<= ${show(most)}`, holds: value <= most };
}
