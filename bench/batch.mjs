// npm run bench:batch: starts a batch with more rows than fit in a file, polls until it is done and
// gets the answers, in a process like ToolJet's. Fails if an answer is missing or in the wrong row, or
// if the process uses more memory or blocks its main thread longer than allowed.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Mistake, numberFrom, runCommand } from '../scripts/options.mjs';
import { ROOT } from '../scripts/setup.mjs';

const PLUGIN = resolve(process.env.PLUGIN ?? join(ROOT, 'dist/index.js'));
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Limits for one query: megabytes above the process's memory before it, and milliseconds. */
const LIMITS = { peak: 150, held: 50 };

const COMMAND = {
  command: 'npm run bench:batch',
  about:
    'Starts a batch, polls until it is done and gets the answers. Fails if one is wrong, or if that takes too much memory or blocks the main thread too long.',
  options: {
    rows: {
      type: 'string',
      value: 'N',
      default: '120000',
      read: numberFrom(10),
      help: 'default: 120000, which takes three files',
    },
    json: { type: 'string', value: 'FILE', help: 'also write the metrics to this file' },
  },
  notes: [
    'PLUGIN=FILE names another build than dist/index.js.',
    'Columns: how often the query ran; the longest time that one took; the peak of resident memory, above that before it; the longest time that the event loop was blocked.',
  ],
};

await runCommand(COMMAND, async ({ rows, json }) => {
  if (process.platform !== 'linux') {
    throw new Mistake('the metrics come from /proc, which only Linux has');
  }
  const metrics = await measure(rows);
  console.log(table(metrics));
  const found = violations(metrics);
  for (const problem of found) console.error(problem);
  if (found.length === 0) console.log('\nEvery answer is at the place of its row.');
  if (json) writeFileSync(json, `${JSON.stringify(metrics, null, 2)}\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
});

async function measure(rows) {
  const api = await startApi();
  const child = fork(file('batch-process.mjs'), { execArgv: ['--expose-gc'] });
  try {
    child.send({ plugin: PLUGIN, baseUrl: api.baseUrl, rows });
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the process of the plugin has ended: ${signal ?? code}`);
    });
    const [metrics] = await Promise.race([once(child, 'message'), ended]);
    if (metrics.failed) throw new Error(metrics.failed);
    return metrics;
  } finally {
    child.kill();
    api.stop();
  }
}

/** Starts the mock API in its own process, which prints its URL. */
async function startApi() {
  const child = spawn(process.execPath, [join(ROOT, 'mock-api/cli.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  let printed = '';
  for await (const text of child.stdout) {
    printed += text;
    const [baseUrl] = /http:\S+\/v1/.exec(printed) ?? [];
    if (baseUrl) return { baseUrl, stop: () => child.kill() };
  }
  throw new Error('the mock API did not start');
}

function table({ rows, batches, queries }) {
  const columns = ['query', 'times', 'seconds', 'peak MB', 'held ms'];
  const lines = Object.entries(queries).map(([name, { times, seconds, peak, held }]) => [
    name,
    String(times),
    seconds.toFixed(1),
    peak.toFixed(0),
    held.toFixed(1),
  ]);
  const row = ([name, ...numbers]) =>
    name.padEnd(10) + numbers.map((each) => each.padStart(9)).join('');
  const title = `${rows.toLocaleString('en')} rows in ${batches} files\n`;
  return [title, row(columns), ...lines.map(row)].join('\n');
}

function violations({ problems, queries }) {
  const found = [...problems];
  for (const [name, { peak, held }] of Object.entries(queries)) {
    if (peak > LIMITS.peak) {
      found.push(`${name}: the process held ${peak.toFixed(0)} MB more, above ${LIMITS.peak}`);
    }
    if (held > LIMITS.held) {
      found.push(`${name}: the main thread stood still for ${held.toFixed(0)} ms`);
    }
  }
  return found;
}
