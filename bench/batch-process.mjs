// A process that takes the place of ToolJet's, for batch.mjs. Work that blocks the main thread and is
// not the plugin's is done before or after the measurement.

import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { loadPlugin } from '../harness/loaders.mjs';

const RESOLUTION_MS = 1;
/** Long enough for the timer of the measurement to fire after the query. */
const SETTLE_MS = 20;
const MAX_ASKS = 50;
const TIMEOUT_MS = 300_000;
/** More words than the model can read: the API rejects this row, and no other. */
const TOO_LONG = 'a '.repeat(130_000);
const MODEL = 'gpt-4o-mini';

process.once('message', async (order) => {
  try {
    process.send(await measure(order));
  } catch (error) {
    process.send({ failed: error.description ?? error.stack });
  }
});
process.on('disconnect', () => process.exit());

async function measure({ plugin, baseUrl, rows }) {
  const Plugin = loadPlugin(readFileSync(plugin, 'utf8'));
  const source = { apiKey: 'sk-mock-api-bench', base_url: baseUrl };
  const run = (options) => new Plugin().run(source, { query_timeout: TIMEOUT_MS, ...options });

  await run({ operation: 'chat', prompt: 'Are you there?', model: MODEL });
  const isTooLong = (index) => index % Math.ceil(rows / 3) === 7;
  const prompts = Array.from({ length: rows }, (_, index) =>
    isTooLong(index) ? TOO_LONG : `Ticket ${index}`,
  );
  const [started, start] = await measured(() =>
    run({ operation: 'batch_start', prompts, model: MODEL }),
  );
  const { batch_ids: ids } = started.data;
  const asks = [];
  for (;;) {
    const [got, costs] = await measured(() => run({ operation: 'batch_result', batch_id: ids }));
    if (Array.isArray(got.data)) {
      const queries = { start: worstOf([start]), ask: worstOf(asks), result: worstOf([costs]) };
      const problems = [...problemsOf(got, { rows, isTooLong })];
      return { rows, batches: ids.length, queries, problems };
    }
    asks.push(costs);
    if (asks.length === MAX_ASKS) throw new Error('the batch does not end');
  }
}

/** Returns the result of a query, and its cost for the process. */
async function measured(query) {
  globalThis.gc();
  resetPeakMemory();
  const before = memory('VmRSS');
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const began = performance.now();
  const result = await query();
  const seconds = (performance.now() - began) / 1000;
  await wait(SETTLE_MS);
  delay.disable();
  const held = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  return [result, { seconds, peak: Math.max(0, memory('VmHWM') - before), held }];
}

const worstOf = (costs) => ({
  times: costs.length,
  ...Object.fromEntries(
    ['seconds', 'peak', 'held'].map((name) => [
      name,
      Math.max(0, ...costs.map((each) => each[name])),
    ]),
  ),
});

/** The mistakes in the answers, one sentence for each kind. */
function* problemsOf({ data, metadata }, { rows, isTooLong }) {
  if (data.length !== rows) yield `${data.length} answers to ${rows} rows`;
  const isRight = (answer, index) =>
    isTooLong(index) ? answer === null : answer?.includes(`“Ticket ${index}.”`);
  const wrong = data.findIndex((answer, index) => !isRight(answer, index));
  if (wrong >= 0) yield `row ${wrong} has the answer ${JSON.stringify(data[wrong])}`;
  const failed = metadata.failed.map(({ index, code }) => `${index} ${code}`);
  const expected = data.flatMap((_, index) =>
    isTooLong(index) ? [`${index} context_length_exceeded`] : [],
  );
  if (failed.join() !== expected.join()) yield `other rows failed: ${failed.slice(0, 5).join()}`;
}

/** Makes the memory peak that of the next query, not of the work before it. */
function resetPeakMemory() {
  writeFileSync('/proc/self/clear_refs', '5');
}

/** In megabytes. */
function memory(name) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) * 1024) / 1e6;
}
