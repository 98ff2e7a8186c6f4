// The table of the README: ratios, because they apply to other machines better than absolute
// values.

import { EMPTY, OURS } from '../contenders.mjs';
import { cellTitle, LARGE_ANSWERS, MAIN } from '../plan.mjs';
import { advantage, median, withoutFloor } from './metrics.mjs';

export function markdown(results) {
  const busy = { ...MAIN, concurrency: 64 };
  const columns = [
    ['queries/s, 1 KB', busy, 'queriesPerSecond', 'better'],
    ['queries/s, 200 KB', { ...LARGE_ANSWERS, concurrency: 64 }, 'queriesPerSecond', 'better'],
    ['main-thread time', busy, 'mainThreadUs', 'worse'],
    ['p99 of a query', busy, 'p99', 'worse'],
    ['p99 of event-loop delay', busy, 'eventLoopDelayP99', 'worse'],
    ['peak RSS', { ...MAIN, concurrency: 256 }, 'peakRss', 'worse'],
  ];
  const rows = withoutFloor(results)
    .filter(({ id }) => id !== OURS)
    .map(({ id, name }) => [
      name,
      ...columns.map(([, cell, name, more]) => times(advantage(results, id, cell, name, { more }))),
      perQuery(results, id, busy),
    ]);
  const ours = ['**this plugin**', ...columns.map(() => '1'), perQuery(results, OURS, busy)];
  const head = [
    'compared with',
    ...columns.map(([title]) => title),
    'connections per 1,000 queries',
  ];
  const { machine, command, plan } = results;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
    line(ours),
    '',
    `How many times better this plugin is: \`${command}\`, medians of ${plan.rounds} rounds, ${cellTitle(MAIN)} unless`,
    `the column says otherwise, 64 queries at once (256 for the memory). ${machine.name}, Node ${machine.node},`,
    `${machine.date.slice(0, 10)}. The time that a model needs to answer is not part of it, and does not change.`,
    '',
    `The harness sets the limit: an empty plugin ran ${perSecond(results, EMPTY)} queries/s, this plugin ${perSecond(results, OURS)},`,
    `${withoutFloor(results)
      .filter(({ id }) => id !== OURS)
      .map(({ id, name }) => `${name} ${perSecond(results, id)}`)
      .join(', ')}.`,
    '',
  ].join('\n');
}

function perSecond(results, id) {
  const busy = { ...MAIN, concurrency: 64 };
  return Math.round(median(results, id, busy, 'queriesPerSecond')).toLocaleString('en');
}

function times(ratio) {
  return `${ratio.toFixed(ratio < 10 ? 1 : 0)}x`;
}

function perQuery(results, id, cell) {
  const [connections, queries] = ['tcpConnections', 'allQueries'].map((name) =>
    median(results, id, cell, name),
  );
  return `${Math.round((connections / queries) * 1000)}`;
}

function line(cells) {
  return `| ${cells.join(' | ')} |`;
}
