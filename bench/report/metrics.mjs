// Finds the metrics of a run by contender, load and name.

import { EMPTY } from '../contenders.mjs';
import { isInCell, MAIN, NO_ADDON } from '../plan.mjs';

/**
 * The summary ({median, min, max}) of a metric, or undefined if the contender did not take part.
 */
export function metric(results, contender, cell, name) {
  // The empty plugin runs with only one load, because it makes no requests.
  const wanted = contender === EMPTY ? { ...MAIN, concurrency: cell.concurrency } : cell;
  const load = results.loads.find((each) => each.contender === contender && isInCell(each, wanted));
  return load?.metrics[name];
}

export function median(results, contender, cell, name) {
  return metric(results, contender, cell, name)?.median;
}

/** Main-thread time of a query minus that of the empty plugin, in microseconds. */
export function aboveFloor(results, contender, concurrency) {
  const of = (id) => median(results, id, { ...MAIN, concurrency }, 'mainThreadUs');
  return of(contender) - of(EMPTY);
}

export function coldStart(results, contender, kind = NO_ADDON) {
  return results.cold.find((each) => each.contender === contender && each.kind === kind)
    ?.milliseconds.median;
}

export function withoutFloor(results) {
  return results.contenders.filter(({ id }) => id !== EMPTY);
}

/** The summary of a metric of `npm run bench -- --list`, or undefined if the contender did not take part. */
export function listMetric(results, contender, cell, name) {
  return results.lists.find((each) => each.contender === contender && isInCell(each, cell))
    ?.metrics[name];
}

/** The summary of a metric of reqwest alone, from the same command. */
export function ceilingMetric(results, cell, name) {
  return results.ceilings.find((each) => isInCell(each, cell)).metrics[name];
}
