// The table of the README: absolute values only, so that its columns can be compared.

import { EMPTY, OURS } from '../contenders.mjs';
import { LARGE_ANSWERS, MAIN } from '../plan.mjs';
import { median } from './metrics.mjs';

const BUSY = { ...MAIN, concurrency: 64 };

/** By title: the cell, the metric, and how to format its value. */
const COLUMNS = {
  'queries/s, 1 KB answers': [BUSY, 'queriesPerSecond', whole],
  'queries/s, 200 KB': [{ ...LARGE_ANSWERS, concurrency: 64 }, 'queriesPerSecond', whole],
  'main thread, ms a query': [BUSY, 'mainThreadUs', (us) => (us / 1000).toFixed(2)],
  'p99 of a query, ms': [BUSY, 'p99', whole],
  'p99 of event-loop delay, ms': [BUSY, 'eventLoopDelayP99', whole],
  'peak memory, MB': [{ ...MAIN, concurrency: 256 }, 'peakRss', whole],
};

export function markdown(results) {
  const { machine, command, plan } = results;
  const head = ['plugin', ...Object.keys(COLUMNS), 'connections per 1,000 queries'];
  const [cores] = /\d+ cores/.exec(machine.name) ?? ['this machine'];
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...results.contenders.map((contender) => line(cells(results, contender))),
    '',
    `\`${command}\`: medians of ${plan.rounds} rounds over HTTPS, 64 queries at a time (256 for the memory), answered at once,`,
    `on ${cores} with Node ${machine.node.replace('v', '')}, ${machine.date.slice(0, 10)}. The empty plugin sends nothing: it is the limit that the`,
    'harness sets. The time that a model needs to answer is not part of it, and does not change.',
    '',
  ].join('\n');
}

function cells(results, { id, name }) {
  const values = Object.values(COLUMNS).map(([cell, metric, write]) => {
    // The empty plugin has no answers of different lengths.
    const value =
      id === EMPTY && cell.answer !== MAIN.answer ? undefined : median(results, id, cell, metric);
    return value === undefined ? '' : write(value);
  });
  return [
    id === OURS ? '**this plugin**' : name,
    ...values,
    id === EMPTY ? '' : connections(results, id),
  ];
}

function whole(value) {
  return Math.round(value).toLocaleString('en');
}

function connections(results, id) {
  const [opened, queries] = ['tcpConnections', 'allQueries'].map((name) =>
    median(results, id, BUSY, name),
  );
  return whole((opened / queries) * 1000);
}

function line(columns) {
  return `| ${columns.join(' | ')} |`;
}
