// One process of scripts/stress.mjs: terminates workers and drops contexts while their queries run,
// and collects garbage in between. As a worker: runs queries until it is terminated. Arguments: the
// server's URL, the number of rounds, the seed. Sends its report to its parent, if that listens.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createHarness } from '../../harness/harness.mjs';
import { query } from './load.mjs';
import { createRandom } from './random.mjs';

const AT_A_TIME = 4;

// No top-level await: Node 20 crashes if a worker is terminated while it evaluates a module that
// awaits (`Check failed` in SourceTextModule::ExecuteAsyncModule).
if (isMainThread) runLifecycle();
else runQueries();

async function runLifecycle() {
  const [url, rounds, seed] = process.argv.slice(2);
  const random = createRandom(Number(seed));
  const report = await startAndEnd(url, Number(rounds), random);
  if (process.send) await new Promise((sent) => process.send(report, sent));
  // The process ends while its queries run.
  await wait(random.whole(20));
  process.exit();
}

async function runQueries() {
  const { text, url, first } = workerData;
  const harness = createHarness({ text });
  for (let number = first; ; number += 6) {
    const calls = Array.from({ length: 6 }, (_, at) => ask(harness, query(number + at, url)));
    parentPort.postMessage('running');
    await Promise.all(calls);
  }
}

async function ask(harness, [source, options, verify]) {
  const found = verify(await harness.run(source, options));
  if (found) throw new Error(`a query went wrong: ${found}`);
}

async function startAndEnd(url, rounds, random) {
  const text = readFileSync(
    process.env.PLUGIN ?? fileURLToPath(new URL('../../dist/index.js', import.meta.url)),
    'utf8',
  );
  const counts = { workers: 0, contexts: 0 };
  let left = rounds;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      if (random.chance(0.5)) {
        await terminateWorker(text, url, random);
        counts.workers += 1;
      } else {
        await dropContexts(text, url, random);
        counts.contexts += 1;
      }
      if (random.chance(0.3)) globalThis.gc();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  globalThis.gc();
  // After all rounds, a new context still gets its results.
  const harness = createHarness({ text });
  await ask(harness, query(0, url));
  for (let number = 0; number < 10; number += 1) ask(harness, unanswered(number, url, random));
  return counts;
}

/**
 * Terminates a worker at a random moment: while it loads, sends a request or receives a response.
 */
async function terminateWorker(text, url, random) {
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: { text, url, first: random.whole(1000) },
  });
  const failed = new Promise((_, reject) => worker.once('error', reject));
  failed.catch(() => {});
  if (random.chance(0.6)) {
    const running = new Promise((resolve) => worker.once('message', resolve));
    await Promise.race([running, failed]);
  }
  await Promise.race([wait(random.whole(40)), failed]);
  await worker.terminate();
}

/** Drops contexts while their queries run. Some of the queries never get a response. */
async function dropContexts(text, url, random) {
  const answers = [];
  for (let calls = 1 + random.whole(4); calls > 0; calls -= 1) {
    const harness = createHarness({ text, loader: random.pick(['A', 'B', 'D', 'E']) });
    const number = random.whole(1000);
    // A wrong result rejects, which ends the process even if nothing awaits it.
    const answer = ask(
      harness,
      random.chance(0.3) ? unanswered(number, url, random) : query(number, url),
    );
    if (random.chance(0.5)) answers.push(answer);
  }
  if (random.chance(0.5)) globalThis.gc();
  await Promise.all(answers);
}

/** A query that ends at its own timeout. */
function unanswered(number, url, random) {
  const [source, options] = query(number, url);
  return [
    { ...source, base_url: `${url}/fault/hang/v1`, max_retries: 0 },
    { ...options, query_timeout: 1 + random.whole(60) },
    ({ status }) => status !== 'failed' && 'an answer that was never sent',
  ];
}
