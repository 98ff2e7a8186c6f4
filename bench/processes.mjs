// The processes of a run: the API, and one per contender and measurement.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../scripts/root.mjs';

const BENCH = fileURLToPath(new URL('.', import.meta.url));
/** The Node release that ToolJet's server runs on. */
export const NODE = join(BENCH, 'node_modules', 'node', 'bin', 'node');

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const EXAMPLES = join(TARGET, 'release', 'examples');

/** Starts the API; `call(command, options)` resolves to what its command returns. */
export function startApi() {
  const child = spawn(join(EXAMPLES, 'bench_api'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map();
  let calls = 0;
  const failed = (reason) => {
    for (const { reject } of waiting.values()) reject(new Error(`the API's process ${reason}`));
    waiting.clear();
  };
  createInterface(child.stdout).on('line', (line) => {
    const { id, result } = JSON.parse(line);
    waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  child.on('error', (error) => failed(`could not be started: ${error.message}`));
  child.on('exit', () => failed('ended'));
  // The child has ended; its exit code says more than this error.
  child.stdin.on('error', () => {});
  return {
    call(command, options = {}) {
      return new Promise((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve, reject });
        child.stdin.write(`${JSON.stringify({ id: calls, command, options })}\n`);
      });
    },
    stop: () => child.stdin.end(),
  };
}

/** Runs the client without a plugin, and resolves to its rows per second in each pass. */
export async function runClient(options) {
  const child = spawn(join(EXAMPLES, 'bench_client'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const output = text(child.stdout);
  const ended = once(child, 'close');
  child.stdin.end(JSON.stringify(options));
  const [code, signal] = await ended;
  if (code !== 0) throw new Error(`the bare client's process ended with ${signal ?? code}`);
  return JSON.parse(await output);
}

/**
 * Runs one task in a separate process and resolves to its result. `onPhase` is called when the task
 * starts and ends the measured part.
 */
export function runTask(task, options, { env = {}, flags = [], onPhase = () => {} } = {}) {
  const child = fork(join(BENCH, 'child.mjs'), [], {
    execPath: NODE,
    // openai 4 depends on a module that requires a deprecated one, and Node warns each time.
    execArgv: ['--no-deprecation', ...flags],
    // Nothing from this shell: a proxy or a key would change the results.
    env: { PATH: process.env.PATH, ...env },
  });
  return new Promise((resolve, reject) => {
    let outcome;
    child.on('message', (message) => {
      if (message.phase) onPhase(message.phase);
      else outcome = message;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (outcome?.result) resolve(outcome.result);
      else reject(new Error(outcome?.error ?? `its process ended with ${signal ?? code}`));
    });
    child.send({ task, options });
  });
}
