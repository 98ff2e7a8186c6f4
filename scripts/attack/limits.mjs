// The limits for every attack, and the format of a table row.

/** Limits of the full form. On a busy machine, the short form says little about time. */
export const LIMITS = { worst: 250, peakRss: 1024, late: 250 };

/**
 * One sentence for each exceeded limit. If ToolJet's own server is blocked for a while before it
 * calls any plugin, the plugin may add as much.
 */
export function violations(metrics, { worst, peakRss, late } = LIMITS) {
  const { victims, failures, reasons, exit, outcomes, badErrors, parseMs = 0 } = metrics;
  const found = [];
  if (exit) found.push(`ToolJet's process has ended: ${exit}`);
  if (failures > 0) found.push(`${failures} of ${victims} victims failed: ${reasons[0]}`);
  // A victim without an answer has no time.
  if (victims === 0) found.push('no victim was answered');
  const maxWorst = worst + parseMs;
  if (metrics.worst > maxWorst) {
    found.push(`a victim waited ${ms(metrics.worst)}, more than ${ms(maxWorst)}`);
  }
  if (metrics.peakRss > peakRss) {
    found.push(`the process held ${mib(metrics.peakRss)} MiB, more than ${peakRss}`);
  }
  const maxLate = late + parseMs;
  if (metrics.late > maxLate) {
    found.push(`a deadline was missed by ${ms(metrics.late)}, by more than ${ms(maxLate)}`);
  }
  if (!exit && !outcomes) found.push('the attack did not end');
  for (const violation of badErrors) found.push(`a tenant got ${violation}`);
  return found;
}

const COLUMNS = [
  ['victims', ({ victims }) => victims],
  ['failed', ({ failures }) => failures],
  ['median ms', ({ median }) => ms(median)],
  ['worst ms', ({ worst }) => ms(worst)],
  ['loop ms', ({ loop }) => ms(loop)],
  ['late ms', ({ late }) => ms(late)],
  ['peak MiB', ({ peakRss }) => mib(peakRss)],
  ['after MiB', ({ rssAfter }) => mib(rssAfter)],
  ['fds', ({ descriptors }) => descriptors],
];
const NAME_WIDTH = 22;
const WIDTH = 10;

export const TABLE_HEAD = `${'attack'.padEnd(NAME_WIDTH)}${COLUMNS.map(([name]) => name.padStart(WIDTH)).join('')}`;

export function tableRow(metrics) {
  const cells = COLUMNS.map(([, cell]) => String(cell(metrics) ?? '-').padStart(WIDTH));
  return `${metrics.name.padEnd(NAME_WIDTH)}${cells.join('')}`;
}

/** The outcome of the attack's queries in a few words. */
export function describeOutcome({ exit, outcomes = {}, unfinished }) {
  const counts = Object.entries(outcomes).map(([code, count]) => `${count} ${code}`);
  return [exit && `exit: ${exit}`, ...counts, unfinished > 0 && `${unfinished} unfinished`]
    .filter(Boolean)
    .join(', ');
}

function ms(value) {
  return value === undefined ? '-' : String(Number(value.toFixed(value < 10 ? 1 : 0)));
}

function mib(value) {
  return value === undefined ? '-' : String(Math.round(value));
}
