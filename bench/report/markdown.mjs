// Writes the table of the README. It contains only absolute values, so that columns can be compared.

import { EMPTY, OURS } from '../contenders.mjs';
import { LARGE_ANSWERS, LIST, LISTS, MAIN } from '../plan.mjs';
import { ceilingMetric, listMetric, median } from './metrics.mjs';

const BUSY = { ...MAIN, concurrency: 64 };

/**
 * By column title: the cell, the metric, the format of its value, and the metric of a list, where a row counts as a query.
 */
const COLUMNS = {
  'queries/s, 1 KB answers': [BUSY, 'queriesPerSecond', whole, 'rowsPerSecond'],
  'queries/s, 200 KB': [{ ...LARGE_ANSWERS, concurrency: 64 }, 'queriesPerSecond', whole],
  'main thread, ms a query': [BUSY, 'mainThreadUs', (us) => (us / 1000).toFixed(2), 'mainThreadUs'],
  'p99 of a query, ms': [BUSY, 'p99', whole],
  'p99 of event-loop delay, ms': [BUSY, 'eventLoopDelayP99', whole],
  'peak memory, MB': [{ ...MAIN, concurrency: 256 }, 'peakRss', whole, 'peakRss'],
};

/** `lists` are the results of `npm run bench -- --list`. */
export function markdown(results, lists) {
  const { machine, command, plan } = results;
  const head = ['plugin', ...Object.keys(COLUMNS), 'connections per 1,000 queries'];
  const [cores] = /\d+ cores/.exec(machine.name) ?? ['this machine'];
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...results.contenders.flatMap((contender) => [
      line(cells(results, contender)),
      ...(contender.id === OURS ? [line(cellsOfList(lists))] : []),
    ]),
    '',
    `\`${command}\`: ${measured(plan)} over HTTPS, 64 queries at a time (256 for the memory), answered at once,`,
    `on ${cores} with Node ${machine.node.replace('v', '')}, ${machine.date.slice(0, 10)}. The empty plugin sends nothing: it is the limit that the`,
    'harness sets. The time that a model needs to answer is not part of it, and does not change.',
    ...aboutLists(lists),
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

function cellsOfList(lists) {
  const of = (name) => listMetric(lists, OURS, { ...MAIN, isOneQuery: true }, name).median;
  return [
    'a list in one query, by row',
    ...Object.values(COLUMNS).map(([, , write, metric]) => (metric ? write(of(metric)) : '')),
    whole((of('tcpConnections') / of('allQueries')) * 1000),
  ];
}

function aboutLists(lists) {
  const { command, plan, machine } = lists;
  const rows = LIST.rows.toLocaleString('en');
  const [ours, alone] = [
    (cell) => listMetric(lists, OURS, { ...cell, isOneQuery: true }, 'rowsPerSecond'),
    (cell) => ceilingMetric(lists, cell, 'rowsPerSecond'),
  ].map((of) => LISTS.map((cell) => whole(of(cell).median)));
  const [, { serverTime }] = LISTS;
  const most = whole((LIST.parallel * 1000) / serverTime);
  return [
    `A list: ${rows} rows, ${LIST.parallel} at a time, by \`${command}\`, ${measured(plan)} of ${LIST.lists} lists, ${machine.date.slice(0, 10)}.`,
    `It asks ${ours[0]} rows/s, and reqwest alone, without ToolJet or a plugin, ${alone[0]}. With answers after ${serverTime} ms,`,
    `these are ${ours[1]} and ${alone[1]}, of at most ${most}.`,
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

const measured = ({ rounds }) => (rounds === 1 ? 'one round' : `medians of ${rounds} rounds`);
