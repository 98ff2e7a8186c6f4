// Defines what a run measures. A cell is one kind of load. Each contender runs it once per round in
// a separate process, and the rounds are spread over the whole run.

import { EMPTY, OURS } from './contenders.mjs';
import { ANSWER_SIZES } from './responses.mjs';

export const CONCURRENCIES = [1, 16, 64, 256];
const [SMALL, LARGE] = Object.keys(ANSWER_SIZES);

/** The loads in the tables and the targets. */
export const MAIN = { protocol: 'https', answer: SMALL, serverTime: 0 };
export const LARGE_ANSWERS = { protocol: 'https', answer: LARGE, serverTime: 0 };
const SLOW_SERVER = { protocol: 'https', answer: SMALL, serverTime: 50 };
const PLAIN = { protocol: 'http', answer: SMALL, serverTime: 0 };

const at = (load, concurrencies) => concurrencies.map((concurrency) => ({ ...load, concurrency }));

export const PLANS = {
  quick: {
    rounds: 2,
    warmup: 250,
    window: 500,
    coldStarts: 5,
    cells: [
      ...at(MAIN, CONCURRENCIES),
      ...at(LARGE_ANSWERS, [64]),
      ...at(SLOW_SERVER, [64]),
      ...at(PLAIN, [64]),
    ],
  },
  full: {
    rounds: 4,
    warmup: 500,
    window: 1200,
    coldStarts: 20,
    cells: [
      ...at(MAIN, CONCURRENCIES),
      ...at(LARGE_ANSWERS, CONCURRENCIES),
      ...at(SLOW_SERVER, CONCURRENCIES),
      ...at({ ...LARGE_ANSWERS, serverTime: 50 }, CONCURRENCIES),
      ...at(PLAIN, [1, 64]),
      ...at({ ...PLAIN, answer: LARGE }, [1, 64]),
    ],
  },
};

/**
 * Of `npm run bench -- --list`. A list may take only 60 ms, which is too short to be measured once. A
 * loop needs fewer queries than rows until its code is compiled.
 */
export const LIST = { rows: 1_000, parallel: 64, lists: 10, warmup: 200 };
export const LISTS = [MAIN, SLOW_SERVER];
export const LIST_PLANS = { quick: { rounds: 1 }, full: { rounds: 2 } };

/** The other plugins have no lists; the empty plugin shows what a list costs the harness alone. */
export function hasLists({ id }) {
  return id === OURS || id === EMPTY;
}

export const GROWTH = { concurrency: 64, queries: 20_000, batch: 2_000 };
export const BURST = { hosts: 256, watch: 1_500 };

/** This plugin unpacks its addon into a file, which later processes reuse. */
export const WITHOUT_ADDON_FILE = 'without addon file';
/** The others have no addon. */
export const NO_ADDON = 'any';
export const WITH_ADDON_FILE = 'with addon file';

/** The empty plugin makes no requests, so it runs only once per concurrency. */
export function takesPart({ id }, cell) {
  return id !== EMPTY || isInCell(cell, MAIN);
}

export function isInCell(cell, load) {
  return Object.entries(load).every(([key, value]) => cell[key] === value);
}

export function cellTitle({ protocol, answer, serverTime }) {
  const time = serverTime === 0 ? 'immediate responses' : `responses after ${serverTime} ms`;
  return `${protocol.toUpperCase()}, ${answer} answers, ${time}`;
}
