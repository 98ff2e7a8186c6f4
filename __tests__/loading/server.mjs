// A process in place of ToolJet's server: queries the plugin as its argument says, and prints what
// happened. Limited to the syntax of Node 14, as NODE_UNDER_TEST may be that old.

import fs, { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createHarness } from '../../harness/harness.mjs';

const task = isMainThread ? JSON.parse(process.argv[2]) : workerData;

const loads = [];
let attempts = 0;
const dlopen = process.dlopen;
process.dlopen = (module, file, ...rest) => {
  attempts += 1;
  if (task.dlopenFailure) throw new Error(`${file}: ${task.dlopenFailure}`);
  dlopen.call(process, module, file, ...rest);
  loads.push(file);
};

if (task.isSealed) Object.preventExtensions(process);

if (task.libraries) {
  fs.readFileSync = (file, ...rest) =>
    file === '/proc/self/maps' ? task.libraries : readFileSync(file, ...rest);
}

// Another user is quicker than the plugin to make this folder, or changes this file behind its back.
if (task.seizedFolder) {
  const { mkdirSync } = fs;
  fs.mkdirSync = (folder, ...rest) => {
    mkdirSync(folder, ...rest);
    if (folder !== task.seizedFolder) return;
    fs.chmodSync(folder, 0o777);
    throw Object.assign(new Error(`EEXIST: ${folder}`), { code: 'EEXIST' });
  };
}
if (task.changedFile) {
  const { renameSync } = fs;
  fs.renameSync = (from, to) => {
    renameSync(from, to);
    if (to === task.changedFile) fs.appendFileSync(to, 'x');
  };
}

const harness = createHarness({ text: readFileSync(task.plugin, 'utf8'), loader: task.loader });
const answers = [];
for (let call = 0; call < (task.calls || 1); call += 1) {
  answers.push(await harness.testConnection(undefined));
}
const parked = Object.getOwnPropertySymbols(process).filter(
  (symbol) => /^tooljet-openai\/[0-9a-f]+$/.test(symbol.description) && process[symbol].run,
);
const report = {
  answer: answers[0],
  distinctAnswers: new Set(answers.map((answer) => JSON.stringify(answer))).size,
  query: await harness.run(undefined, undefined),
  loads,
  attempts,
  loaded: parked.length === 1,
  enumerable: parked.some((symbol) => Object.keys(process).includes(symbol)),
};

if (isMainThread) {
  report.workers = await Promise.all(Array.from({ length: task.workers || 0 }, inWorker));
  console.log(JSON.stringify(report));
} else {
  parentPort.postMessage(report);
}

function inWorker() {
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...task, workers: 0 } });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}
