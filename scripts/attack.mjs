// npm run attack: tries to stop, stall and fill a process like ToolJet's from one tenant, while
// another tenant's queries run beside. Fails if one of them notices.

import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ATTACKS } from './attack/attacks.mjs';
import { describeOutcome, LIMITS, TABLE_HEAD, tableRow, violations } from './attack/limits.mjs';
import { runAttack, skipReason } from './attack/run.mjs';
import { ROOT } from './setup.mjs';

const USAGE = `npm run attack -- [options]
  --only NAME     the attacks whose name begins so; may be repeated
  --list          show what there is
  --seconds N     how long each attack goes on, 10 unless said otherwise
  --every N       milliseconds between the victim's queries, 1000 unless said otherwise
  --grace N       seconds until an attack's queries must have ended by themselves, 60 unless told
  --idle N        seconds after which the memory is read once more, 60 unless told; 0 for not
  --short         small sizes, 2 seconds, 5 victims a second, no idling
  --empty         against a plugin that does nothing: the measurement's own share
  --json FILE     write the metrics there too
PLUGIN=FILE names another build than dist/index.js.

Columns: the victim's queries, and how long they took from when they were due; the longest that the
event loop stood still; by how much a deadline was missed; the peak of resident memory, and that of
the idle process afterwards; file descriptors.
`;
const PLUGIN = resolve(process.env.PLUGIN ?? join(ROOT, 'dist/index.js'));
/** What is kept of a process that idles is its memory. */
const MAX_IDLING = 4;
const SHORT = { seconds: 2, every: 200, grace: 20, idle: 0 };
const FULL = { seconds: 10, every: 1000, grace: 60, idle: 60 };

function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      ...Object.fromEntries(Object.keys(FULL).map((name) => [name, { type: 'string' }])),
      short: { type: 'boolean', default: false },
      empty: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const numbers = Object.entries(values.short ? SHORT : FULL).map(([name, usual]) => {
    const number = Number(values[name] ?? usual);
    if (!(number >= 0)) throw new Error(`--${name} must be a number, not ${values[name]}`);
    return [name, number];
  });
  const isWanted = ({ name }) => values.only.some((start) => name.startsWith(start));
  const attacks = values.only.length === 0 ? ATTACKS : ATTACKS.filter(isWanted);
  if (attacks.length === 0) throw new Error(`no attack is named ${values.only}; see --list`);
  return { ...values, ...Object.fromEntries(numbers), attacks };
}

async function runAll({ attacks, empty, json, ...options }) {
  const rows = [];
  const idling = new Set();
  const load = os.loadavg()[0];
  if (load > 1) console.log(`The machine is busy already (load ${load.toFixed(1)}).`);
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
      `Beside every attack, each victim was answered within ${worst} ms, deadlines were kept within ${late} ms, and the process held less than ${peakRss} MiB.`,
    );
    const slow = rows.filter(({ parseMs }) => parseMs > 0).map(({ name }) => name);
    if (slow.length > 0) {
      console.log(
        `Beside ${slow.join(', ')}, plus what ToolJet itself takes to parse the request.`,
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

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
  } else if (options.list) {
    for (const { name, about } of options.attacks) console.log(`${name.padEnd(24)}${about}`);
  } else {
    process.exitCode = report(await runAll(options), options);
  }
}

main().catch((error) => {
  console.error(
    `attack: ${error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error.stack}`,
  );
  process.exitCode = 2;
});
