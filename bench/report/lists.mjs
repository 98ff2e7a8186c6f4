// What `npm run bench -- --list` prints.

import { EMPTY } from '../contenders.mjs';
import { cellTitle, LIST, LISTS } from '../plan.mjs';
import { listTargets } from '../targets.mjs';
import { ceilingMetric, listMetric } from './metrics.mjs';
import { contenderStyle, heading, number, printTargets, row, withSpread } from './tables.mjs';

const NAME = 30;
const COLUMNS = {
  'main us': ['mainThreadUs', 1],
  'all us': ['allThreadsUs', 0],
  'API cores': ['apiBusy', 2],
  'RSS MB': ['peakRss', 0],
  TCP: ['tcpConnections', 0],
};

export function printLists(results) {
  for (const cell of LISTS) {
    heading(
      `${LIST.rows} rows, ${LIST.parallel} at a time, each in a query or all in a list: ${cellTitle(cell)}`,
    );
    row('', ['rows/s', 'at first', ...Object.keys(COLUMNS)], { first: NAME, style: 'dim' });
    for (const contender of results.contenders) {
      for (const isOneQuery of [false, true]) {
        // It does nothing, and the targets list its memory.
        if (contender.id === EMPTY && isOneQuery) continue;
        const of = (name) => listMetric(results, contender.id, { ...cell, isOneQuery }, name);
        const rows = of('rowsPerSecond');
        if (!rows) continue;
        const metrics = Object.values(COLUMNS).map(([name, digits]) =>
          number(of(name).median, digits),
        );
        row(
          `${contender.name}${isOneQuery ? ', a list' : ''}`,
          [withSpread(rows), number(of('firstRowsPerSecond').median), ...metrics],
          { first: NAME, style: contenderStyle(contender) },
        );
      }
    }
    const of = (name) => ceilingMetric(results, cell, name);
    row(
      'reqwest alone (ceiling)',
      [withSpread(of('rowsPerSecond')), number(of('firstRowsPerSecond').median)],
      { first: NAME, style: 'dim' },
    );
  }
  printTargets(listTargets(results));
}
