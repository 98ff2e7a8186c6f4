// Stands in for ToolJet's server: makes the calls from its standard input one after the other, and
// prints their results and its own state as the last line.

import { readFileSync } from 'node:fs';
import { createHarness } from '../harness/harness.mjs';

let loads = 0;
const dlopen = process.dlopen;
process.dlopen = (...args) => {
  loads += 1;
  return dlopen.apply(process, args);
};

const { plugin, calls } = JSON.parse(readFileSync(0, 'utf8'));
const harness = createHarness({ text: readFileSync(plugin, 'utf8'), loader: 'E' });
const results = [];
const states = [];
for (const { source, query, test = false, times = 1 } of calls) {
  let result;
  for (let time = 0; time < times; time += 1) {
    result = test ? await harness.testConnection(source) : await harness.run(source, query);
  }
  results.push(result);
  states.push(state());
}
console.log(JSON.stringify({ results, states, loads }));

/** In bytes and threads, if the system reports them. */
function state() {
  globalThis.gc?.();
  if (process.platform !== 'linux') return undefined;
  const status = readFileSync('/proc/self/status', 'utf8');
  const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  return { memory: number('VmRSS') * 1024, threads: number('Threads') };
}
