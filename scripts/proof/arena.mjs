// One process of scripts/races.mjs: workers that are ended and contexts that are dropped while their
// queries run, with garbage collected in between. As a worker: a host that runs queries until its end.
// Arguments: the server's address, the number of rounds, the seed.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createHost } from '../../host/host.mjs';
import { loadPlugin } from '../../host/loaders.mjs';
import { query } from './load.mjs';
import { createRandom } from './random.mjs';

const AT_A_TIME = 4;
const SLOW = 'hang';

if (isMainThread) {
  const [url, rounds, seed] = process.argv.slice(2);
  const report = await arena(url, Number(rounds), Number(seed));
  console.log(JSON.stringify(report));
} else {
  const { text, url, first } = workerData;
  const host = createHost({ text });
  for (let number = first; ; number += 6) {
    const calls = Array.from({ length: 6 }, (_, at) => host.run(...query(number + at, url)));
    parentPort.postMessage('running');
    await Promise.all(calls);
  }
}

async function arena(url, rounds, seed) {
  const text = readFileSync(
    process.env.PLUGIN ?? fileURLToPath(new URL('../../dist/index.js', import.meta.url)),
    'utf8',
  );
  const random = createRandom(seed);
  const counts = { workers: 0, contexts: 0 };
  let left = rounds;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      if (random.chance(0.5)) {
        await endedWorker(text, url, random);
        counts.workers += 1;
      } else {
        await droppedContext(text, url, random);
        counts.contexts += 1;
      }
      if (random.chance(0.3)) globalThis.gc();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  globalThis.gc();
  // After all that, a host like any other still gets its answers.
  const [source, options, complaint] = query(0, url);
  const found = complaint(await createHost({ text }).run(source, options));
  if (found) throw new Error(`a query after the races failed: ${found}`);
  return counts;
}

/** A worker whose thread is ended at any moment: while it loads, while it asks, while it is answered. */
async function endedWorker(text, url, random) {
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

/** A context of which nothing is kept while its queries run; some of them are never answered. */
async function droppedContext(text, url, random) {
  const answers = [];
  for (let calls = 1 + random.whole(4); calls > 0; calls -= 1) {
    const [source, options] = query(random.whole(1000), url);
    const slow = random.chance(0.3);
    const asked = slow
      ? { ...source, base_url: `${url}/fault/${SLOW}/v1`, max_retries: 0 }
      : source;
    const limit = slow ? { ...options, query_timeout: 1 + random.whole(60) } : options;
    const Plugin = loadPlugin(text, { loader: random.pick(['A', 'B', 'D', 'E']) });
    const answer = new Plugin().run(asked, limit).catch(() => {});
    if (random.chance(0.5)) answers.push(answer);
  }
  if (random.chance(0.5)) globalThis.gc();
  await Promise.all(answers);
}
