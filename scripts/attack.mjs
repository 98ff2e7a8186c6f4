// npm run attack: one tenant tries to stop, stall and fill a process like ToolJet's while another
// tenant's queries run. Fails if those are affected.

import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { ATTACKS } from './attack/attacks.mjs';
import { describeOutcome, LIMITS, TABLE_HEAD, tableRow, violations } from './attack/limits.mjs';
import { runAttack, skipReason } from './attack/run.mjs';
import { Mistake, numberFrom, runCommand } from './options.mjs';
import { ROOT } from './setup.mjs';

const PLUGIN = resolve(process.env.PLUGIN ?? join(ROOT, 'dist/index.js'));
/** Maximum number of processes that idle at once, because each keeps its memory. */
const MAX_IDLING = 4;
const SHORT = { seconds: 2, every: 200, grace: 20, idle: 0 };
const FULL = { seconds: 10, every: 1000, grace: 60, idle: 60 };

const amount = (help) => ({
  type: 'string',
  value: 'N',
  read: numberFrom(0, { whole: false }),
  help,
});

const COMMAND = {
  command: 'npm run attack',
  about:
    "Lets one tenant try to stop, stall and fill a process like ToolJet's while another tenant's queries run. Fails if those are affected.",
  options: {
    only: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      default: [],
      help: 'only attacks whose name starts with this; may be repeated',
    },
    list: { type: 'boolean', default: false, help: 'list the attacks' },
    seconds: amount('how long each attack lasts (default: 10)'),
    every: amount("milliseconds between the victim's queries (default: 1000)"),
    grace: amount("seconds until an attack's queries must have ended by themselves (default: 60)"),
    idle: amount('seconds until the memory is read again (default: 60; 0: never)'),
    short: {
      type: 'boolean',
      default: false,
      help: 'small sizes, 2 seconds, 5 victims a second, no idling',
    },
    empty: {
      type: 'boolean',
      default: false,
      help: 'attack a plugin that does nothing, to measure the overhead of the measurement itself',
    },
    json: { type: 'string', value: 'FILE', help: 'also write the metrics to this file' },
  },
  notes: [
    'PLUGIN=FILE uses another build than dist/index.js.',
    "Columns: the victim's queries, and their time since they were due; the longest block of the event loop; the most by which a deadline was missed; peak resident memory, and that of the idle process afterwards; file descriptors.",
  ],
};

await runCommand(COMMAND, async ({ only, ...given }) => {
  const isWanted = ({ name }) => only.some((start) => name.startsWith(start));
  const attacks = only.length === 0 ? ATTACKS : ATTACKS.filter(isWanted);
  if (attacks.length === 0) throw new Mistake(`there is no attack ${only}; see --list`);
  if (given.list) {
    for (const { name, about } of attacks) console.log(`${name.padEnd(24)}${about}`);
    return;
  }
  const options = { ...(given.short ? SHORT : FULL), ...given, attacks };
  process.exitCode = report(await runAll(options), options);
});

async function runAll({ attacks, empty, json, ...options }) {
  const rows = [];
  const idling = new Set();
  const load = os.loadavg()[0];
  if (load > 1) console.log(`The machine is already busy (load ${load.toFixed(1)}).`);
  console.log(TABLE_HEAD);
  for (const attack of attacks) {
    const reason = skipReason(attack);
    if (reason) {
      console.log(`${attack.name}  skipped: ${reason}`);
      rows.push({ name: attack.name, skipped: reason });
      continue;
    }
    while (idling.size >= MAX_IDLING) await Promise.race(idling);
    const { afterIdle, ...row } = await runAttack(attack, {
      ...options,
      plugin: PLUGIN,
      isEmpty: empty,
    });
    rows.push(Object.assign(row, { load: os.loadavg()[0] }));
    console.log(`${tableRow(row)}  ${describeOutcome(row)}`);
    for (const violation of violations(row)) console.log(`  ! ${violation}`);
    const idle = Promise.resolve(afterIdle).then((more) => {
      Object.assign(row, more);
      idling.delete(idle);
    });
    if (afterIdle) idling.add(idle);
  }
  if (idling.size > 0) console.log(`Waiting for ${idling.size} processes to idle ...`);
  await Promise.all(idling);
  return rows;
}

function report(rows, { json, seconds, every, idle, short, empty }) {
  const failures = rows
    .filter(({ skipped }) => !skipped)
    .flatMap((row) => violations(row).map((violation) => `${row.name}: ${violation}`));
  if (idle > 0) {
    console.log(`\n${TABLE_HEAD}`);
    for (const row of rows) if (!row.skipped) console.log(tableRow(row));
  }
  console.log('');
  for (const failure of failures) console.error(failure);
  if (failures.length === 0) {
    const { worst, peakRss, late } = LIMITS;
    console.log(
      `During every attack, each victim got its answer within ${worst} ms, deadlines were met within ${late} ms, and the process used less than ${peakRss} MiB.`,
    );
    const slow = rows.filter(({ parseMs }) => parseMs > 0).map(({ name }) => name);
    if (slow.length > 0) {
      console.log(
        `For ${slow.join(', ')}, plus the time that ToolJet itself takes to parse the request.`,
      );
    }
  }
  if (json) {
    const about = { plugin: PLUGIN, node: process.version, cpus: os.cpus().length };
    const metrics = {
      ...about,
      seconds,
      every,
      idle,
      short,
      empty,
      limits: LIMITS,
      rows,
      failures,
    };
    writeFileSync(json, `${JSON.stringify(metrics, null, 2)}\n`);
  }
  return failures.length === 0 ? 0 : 1;
}
