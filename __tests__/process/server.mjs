// A process in place of ToolJet's server, with optional workers. It follows the messages of its
// parent. Limited to the syntax of Node 14, as NODE_UNDER_TEST may be that old.

import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createHarness } from '../../harness/harness.mjs';

const task = isMainThread ? JSON.parse(process.argv[2]) : workerData;

let loads = 0;
const dlopen = process.dlopen;
process.dlopen = (...args) => {
  loads += 1;
  return dlopen.apply(process, args);
};

const text = readFileSync(task.plugin, 'utf8');
const harness = createHarness({ text, loader: task.loader, devMode: task.devMode });

/** Resolves to the `status` of each query. */
function query(count, onAnswer = () => {}) {
  const queries = Array.from({ length: count }, async () => {
    const { status } = await harness.run(task.source, { operation: 'chat', prompt: 'hello' });
    onAnswer();
    return status;
  });
  return Promise.all(queries);
}

const workers = [];
const commands = {
  async query({ count }) {
    process.send({ statuses: await query(count), loads });
  },
  async queryAndForgetParent({ count, exitCode }) {
    setImmediate(() => process.disconnect());
    const statuses = await query(count);
    if (statuses.every((status) => status === 'ok')) process.exitCode = exitCode;
  },
  startWorkers({ count, queries }) {
    for (let index = 0; index < count; index += 1) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { ...task, queries } });
      worker.on('message', (statuses) => process.send({ worker: index, statuses }));
      workers.push(worker);
    }
  },
  async terminateWorkers({ count }) {
    await Promise.all(workers.slice(0, count).map((worker) => worker.terminate()));
    process.send({ terminated: count });
  },
  exitAfterAnswers({ count, answers }) {
    let left = answers;
    query(count, () => {
      left -= 1;
      if (left === 0) process.exit(0);
    });
  },
  exit: () => process.exit(0),
  exitOnSigterm() {
    process.once('SIGTERM', () => process.exit(0));
    process.send({ ready: true });
  },
  forgetParent: () => setImmediate(() => process.disconnect()),
};

if (isMainThread) {
  process.on('message', ({ command, ...details }) => commands[command](details));
} else {
  query(task.queries).then((statuses) => parentPort.postMessage(statuses));
}
