// Prints the metrics as tables of at most 100 columns.

import { paint, print } from '../../scripts/terminal.mjs';
import { EMPTY, OURS } from '../contenders.mjs';
import {
  CONCURRENCIES,
  cellTitle,
  isInCell,
  MAIN,
  NO_ADDON,
  WITH_ADDON_FILE,
  WITHOUT_ADDON_FILE,
} from '../plan.mjs';
import { targets } from '../targets.mjs';
import { aboveFloor, coldStart, median, metric, withoutFloor } from './metrics.mjs';

const WIDTH = 100;
const NAME = 22;

export function printTables(results) {
  printThroughput(results);
  for (const load of groupLoads(results)) printLoad(results, load);
  printFloor(results);
  printColdStarts(results);
  printGrowth(results);
  printApi(results);
  printTargets(targets(results));
}

function printThroughput(results) {
  const loads = groupLoads(results);
  heading('Queries per second (± half the spread over the rounds)');
  for (const load of loads) {
    const concurrencies = listConcurrencies(results, load);
    row(
      cellTitle(load),
      concurrencies.map((number) => `${number} at once`),
      { first: 44, style: 'dim' },
    );
    for (const contender of withoutFloor(results)) {
      const cells = concurrencies.map((concurrency) =>
        withSpread(metric(results, contender.id, { ...load, concurrency }, 'queriesPerSecond')),
      );
      row(`  ${contender.name}`, cells, { first: 44, style: contenderStyle(contender) });
    }
  }
}

/** The cost of one load, at the concurrency that all plans have in common. */
function printLoad(results, load) {
  const cell = { ...load, concurrency: 64 };
  const contenders = isInCell(load, MAIN) ? results.contenders : withoutFloor(results);
  heading(`${cellTitle(load)}, 64 at once (loop: p99 of event-loop delay)`);
  row('', ['p50 ms', 'p99 ms', 'main us', 'all us', 'loop ms', 'RSS MB', 'TCP', 'TLS', 'queries'], {
    style: 'dim',
  });
  for (const contender of contenders) {
    const of = (name, digits) => number(median(results, contender.id, cell, name), digits);
    row(
      contender.name,
      [
        of('p50', 1),
        of('p99', 1),
        of('mainThreadUs'),
        of('allThreadsUs'),
        of('eventLoopDelayP99', 1),
        of('peakRss'),
        of('tcpConnections'),
        of('tlsConnections'),
        of('allQueries'),
      ],
      { style: contenderStyle(contender) },
    );
  }
}

function printFloor(results) {
  heading(`${cellTitle(MAIN)}: main-thread us above the empty plugin, and peak RSS in MB`);
  const at = (unit) => CONCURRENCIES.map((concurrency) => `${unit}@${concurrency}`);
  row('', [...at('us'), ...at('MB')], { style: 'dim' });
  for (const contender of withoutFloor(results)) {
    row(
      contender.name,
      [
        ...CONCURRENCIES.map((concurrency) =>
          number(aboveFloor(results, contender.id, concurrency)),
        ),
        ...CONCURRENCIES.map((concurrency) =>
          number(median(results, contender.id, { ...MAIN, concurrency }, 'peakRss')),
        ),
      ],
      { style: contenderStyle(contender) },
    );
  }
}

function printColdStarts(results) {
  heading('First query of a process over HTTP, ms; most threads while 256 new hosts are asked');
  row('', ['ms', 'cached addon', 'threads before', 'most threads'], { style: 'dim' });
  for (const contender of results.contenders) {
    const isOurs = contender.id === OURS;
    const burst = results.burst.find((each) => each.contender === contender.id);
    row(
      contender.name,
      [
        number(coldStart(results, contender.id, isOurs ? WITHOUT_ADDON_FILE : NO_ADDON), 1),
        isOurs ? number(coldStart(results, contender.id, WITH_ADDON_FILE), 1) : '',
        number(burst?.before),
        number(burst?.most),
      ],
      { style: contenderStyle(contender) },
    );
  }
}

function printGrowth({ growth, contenders }) {
  heading('After that many queries, 64 at once and garbage collected');
  row('', ['queries', 'heap MB', 'RSS MB', 'threads', 'open files'], { style: 'dim' });
  for (const { contender, samples } of growth) {
    const { name } = contenders.find(({ id }) => id === contender);
    const middle = samples[Math.floor(samples.length / 2)];
    for (const [index, sample] of [samples[0], middle, samples.at(-1)].entries()) {
      row(index === 0 ? name : '', [
        number(sample.queries),
        number(sample.heap, 1),
        number(sample.rss),
        number(sample.threads),
        number(sample.openFiles),
      ]);
    }
  }
}

/** Whether the API slowed the contenders down. */
function printApi({ loads }) {
  const asking = loads.filter(({ contender }) => contender !== EMPTY);
  const busiest = asking.reduce((a, b) =>
    a.metrics.apiBusy.median > b.metrics.apiBusy.median ? a : b,
  );
  const percent = (share) => `${(share * 100).toFixed(0)} %`;
  heading('The API');
  print(
    `It kept ${percent(busiest.metrics.apiBusy.median)} of a core busy at most (${busiest.contender}, ` +
      `${cellTitle(busiest)}, ${busiest.concurrency}),`,
  );
  print(
    `and its threads waited for a core ${percent(busiest.metrics.apiWaitedForCore.median)} of that time in all.`,
  );
}

export function printTargets(all) {
  heading('Targets');
  for (const { title, value, limit, holds } of all) {
    const mark = holds ? paint('green', 'reached') : paint('yellow', 'missed ');
    print(`${mark}  ${title.padEnd(60)}${value.padStart(10)}  ${limit}`);
  }
}

function groupLoads({ loads }) {
  const seen = new Map();
  for (const { protocol, answer, serverTime } of loads) {
    seen.set([protocol, answer, serverTime].join(), { protocol, answer, serverTime });
  }
  return [...seen.values()];
}

function listConcurrencies({ loads }, load) {
  return CONCURRENCIES.filter((concurrency) =>
    loads.some((each) => isInCell(each, { ...load, concurrency })),
  );
}

export function contenderStyle({ id }) {
  if (id === OURS) return 'green';
  return id === EMPTY ? 'dim' : undefined;
}

export function withSpread({ median, min, max }) {
  return `${number(median)} ±${(((max - min) / 2 / median) * 100).toFixed(0)}%`;
}

export function number(value, digits = 0) {
  if (value === undefined) return '';
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export function heading(text) {
  print(`\n${paint('bold', text)}`);
}

export function row(name, cells, { style, first = NAME } = {}) {
  const width = Math.min(17, Math.floor((WIDTH - first) / Math.max(cells.length, 1)));
  const line = `${name.padEnd(first)}${cells.map((cell) => cell.padStart(width)).join('')}`;
  print(style ? paint(style, line) : line);
}
