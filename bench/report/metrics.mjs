// Access to the metrics of a run, by who, which load and what.

import { EMPTY, OURS } from '../contenders.mjs';
import { isInCell, MAIN, NO_ADDON } from '../plan.mjs';

/** The summary ({median, min, max}) of a metric, or undefined where the contender took no part. */
export function metric(results, contender, cell, name) {
  // The empty plugin runs with one load only, as it makes no requests.
  const wanted = contender === EMPTY ? { ...MAIN, concurrency: cell.concurrency } : cell;
  const load = results.loads.find((each) => each.contender === contender && isInCell(each, wanted));
  return load?.metrics[name];
}

export function median(results, contender, cell, name) {
  return metric(results, contender, cell, name)?.median;
}

/** Main-thread time of a query above that of the empty plugin, in microseconds. */
export function aboveFloor(results, contender, concurrency) {
  const of = (id) => median(results, id, { ...MAIN, concurrency }, 'mainThreadUs');
  return of(contender) - of(EMPTY);
}

/** How many times our metric the contender's is, or the other way round: above 1 we are ahead. */
export function advantage(results, contender, cell, name, { more }) {
  const [ours, theirs] = [OURS, contender].map((id) => median(results, id, cell, name));
  return more === 'better' ? ours / theirs : theirs / ours;
}

export function coldStart(results, contender, kind = NO_ADDON) {
  return results.cold.find((each) => each.contender === contender && each.kind === kind)
    ?.milliseconds.median;
}

export function withoutFloor(results) {
  return results.contenders.filter(({ id }) => id !== EMPTY);
}
