// npm run soak: runs many queries of every operation in one process, as in ToolJet's server. Fails
// if the process uses more memory, threads or sockets at the end than after warming up; memory, if it
// grew in every pass.

import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createHarness } from '../harness/harness.mjs';
import { loadPlugin } from '../harness/loaders.mjs';
import { Mistake, numberFrom, runCommand } from './options.mjs';
import { ROOT } from './setup.mjs';
import { mayBeSteps, metrics, table, violations } from './stress/growth.mjs';
import { query, startServer } from './stress/load.mjs';

const ROUNDS = 20;
/**
 * The allocator may need longer than one pass until each thread has had its peak, above all with few
 * queries on a busy machine.
 */
const MAX_PASSES = 3;
/** Enough to measure a few kilobytes kept by ToolJet 2 for each evaluation. */
const EVALUATIONS = 1000;
/** The loader itself keeps this much per evaluation, whatever the plugin, plus a margin. */
const MAX_KEPT_KIB = 16;
const PLUGIN = process.env.PLUGIN ?? join(ROOT, 'dist/index.js');

const COMMAND = {
  command: 'npm run soak',
  about:
    'Runs many queries of every operation in one process. Fails if it uses more resources at the end than after warming up.',
  options: {
    queries: {
      type: 'string',
      value: 'N',
      default: '200000',
      read: numberFrom(ROUNDS),
      help: 'default: 200000',
    },
    concurrency: {
      type: 'string',
      value: 'N',
      default: '64',
      read: numberFrom(1),
      help: 'queries at a time (default: 64)',
    },
    json: { type: 'string', value: 'FILE', help: 'also write the metrics to this file' },
  },
  notes: ['PLUGIN=FILE uses another build than dist/index.js.'],
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

await runCommand(COMMAND, async (options) => {
  if (process.platform !== 'linux') {
    throw new Mistake('the metrics come from /proc, which only Linux has');
  }
  process.exitCode = await soak(options);
});

async function soak({ queries, concurrency, json }) {
  const server = await startServer();
  try {
    const harness = createHarness({ text: readFileSync(PLUGIN, 'utf8'), loader: 'E' });
    const wrong = new Map();
    const start = Date.now();
    let samples;
    let seconds;
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      if (pass > 0)
        console.log(`${violations(samples).join()}: once more, because a leak grows every time.\n`);
      samples = await measured(harness, server, {
        from: pass * queries,
        queries,
        concurrency,
        wrong,
      });
      seconds = (Date.now() - start) / 1000;
      console.log(
        `\n${samples.at(-1).queries} queries, a tenth with a fault, ${concurrency} at a time, in ${seconds.toFixed(0)} s:\n`,
      );
      console.log(`${metrics(samples)}\n`);
      if (!mayBeSteps(samples)) break;
    }
    const kept = await keptByToolJet2();
    console.log(`ToolJet 2 keeps ${kept.toFixed(1)} KiB for each evaluation of the plugin.\n`);
    const found = [
      ...violations(samples),
      ...(kept > MAX_KEPT_KIB
        ? [`more than ${MAX_KEPT_KIB} KiB are kept for each evaluation`]
        : []),
      ...[...wrong].map(([problem, count]) => `${count} wrong results: ${problem}`),
    ];
    for (const problem of found) console.error(problem);
    if (found.length === 0)
      console.log('Every result was correct, and nothing grew beyond its limit.');
    if (json) {
      const report = {
        queries: samples.at(-1).queries,
        concurrency,
        seconds,
        kept,
        node: process.version,
        samples,
      };
      writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    }
    return found.length === 0 ? 0 : 1;
  } finally {
    server.stop();
  }
}

/** Runs the queries in rounds, and measures the process after each. */
async function measured(harness, server, { from, queries, concurrency, wrong }) {
  const samples = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = from + Math.floor((round * queries) / ROUNDS);
    const last = from + Math.floor(((round + 1) * queries) / ROUNDS);
    await load(harness, server.url, { first, last, wrong, concurrency });
    samples.push({ queries: last, ...(await state(server)) });
    console.log(table(samples.slice(-1), { head: round === 0 }));
  }
  return samples;
}

async function load(harness, url, { first, last, wrong, concurrency }) {
  let next = first;
  const worker = async () => {
    while (next < last) {
      const [source, options, verify] = query(next, url);
      next += 1;
      const found = verify(await harness.run(source, options));
      if (found) wrong.set(found, (wrong.get(found) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** KiB of the JavaScript heap that ToolJet 2's loader keeps for an evaluation. */
async function keptByToolJet2() {
  const text = readFileSync(PLUGIN, 'utf8');
  const evaluate = () => {
    for (let times = 0; times < EVALUATIONS; times += 1) loadPlugin(text, { loader: 'A' });
  };
  evaluate();
  const before = await heapBytes();
  evaluate();
  return ((await heapBytes()) - before) / EVALUATIONS / 1024;
}

/** The JavaScript heap after a collection. */
async function heapBytes() {
  for (let times = 0; times < 3; times += 1) {
    await wait(10);
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

/** Measures the process when no query runs and idle connections are closed. */
async function state(server) {
  // The server may need a moment to notice an aborted request.
  let open = await server.state();
  for (let tries = 0; open.inFlight > 0 && tries < 50; tries += 1) {
    await wait(20);
    open = await server.state();
  }
  const heap = await heapBytes();
  const status = readFileSync('/proc/self/status', 'utf8');
  const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  const descriptors = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ''; // the descriptor that reads the folder itself
    }
  });
  return {
    rss: number('VmRSS') / 1024,
    heap: heap / 1024 / 1024,
    threads: number('Threads'),
    sockets: descriptors.filter((name) => name.startsWith('socket:')).length,
    descriptors: descriptors.length,
    tasks: open.inFlight,
  };
}
