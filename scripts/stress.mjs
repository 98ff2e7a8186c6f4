// npm run stress: starts, ends and drops workers, contexts and processes of the plugin at any
// moment. Fails if a process crashes, or if the plugin does not work afterwards.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { numberFrom, runCommand } from './options.mjs';
import { startServer } from './stress/load.mjs';
import { createRandom } from './stress/random.mjs';

/** A process takes ten times as long to start as a worker. */
const ROUNDS_PER_PROCESS = 20;
const ROUNDS_PER_LIFECYCLE_PROCESS = 500;
/** A hung process counts as a crash. */
const MAX_MINUTES = 5;

const processFile = fileURLToPath(new URL('./stress/lifecycle-process.mjs', import.meta.url));

const COMMAND = {
  command: 'npm run stress',
  about:
    'Starts, ends and drops workers, contexts and processes of the plugin at any moment. Fails if one crashes.',
  options: {
    rounds: {
      type: 'string',
      value: 'N',
      default: '10000',
      read: numberFrom(1),
      help: 'default: 10000',
    },
    seed: {
      type: 'string',
      value: 'N',
      default: String(Date.now() % 2 ** 31),
      read: numberFrom(0),
      help: 'repeats the same choices; the moments still differ',
    },
  },
};

await runCommand(COMMAND, async (options) => {
  process.exitCode = await stress(options);
});

async function stress({ rounds, seed }) {
  const random = createRandom(seed);
  const server = await startServer();
  const home = mkdtempSync(join(tmpdir(), 'stress-'));
  // A separate home, so that no other copy of the addon is found.
  const { XDG_CACHE_HOME, TOOLJET_OPENAI_ADDON_DIR, ...rest } = process.env;
  const env = { ...rest, HOME: home, TMPDIR: home };
  const cache = join(home, '.cache');
  const began = Date.now();
  const counts = { workers: 0, contexts: 0, processes: 0, killed: 0 };
  try {
    for (let done = 0; done < rounds; ) {
      const part = Math.min(ROUNDS_PER_LIFECYCLE_PROCESS, rounds - done);
      const lifecycle = run([server.url, String(part), String(random.whole(2 ** 31))], env);
      lifecycle.catch(() => {}); // awaited below, after the others
      for (let left = Math.ceil(part / ROUNDS_PER_PROCESS); left > 0; left -= 1) {
        // Sometimes several processes have to unpack the addon at once.
        if (random.chance(0.2)) rmSync(cache, { recursive: true, force: true });
        await killProcess(random, server.url, env, counts);
      }
      const report = await lifecycle;
      for (const [name, count] of Object.entries(report)) counts[name] += count;
      done += part;
      console.log(`${done} rounds, ${Math.round((Date.now() - began) / 1000)} s: ${words(counts)}`);
    }
    // The next process must work, whatever the killed ones left behind.
    await run([server.url, '1', '1'], env);
    if (!existsSync(cache)) throw new Error('the addon was not unpacked where it should be');
    console.log(`No crash in ${rounds} rounds (seed ${seed}).`);
    return 0;
  } catch (error) {
    console.error(`${error.message} (seed ${seed})`);
    return 1;
  } finally {
    server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

function words(counts) {
  const each = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return each.join(', ');
}

function start(args, env, channel = []) {
  return spawn(process.execPath, ['--expose-gc', processFile, ...args], {
    env,
    // V8 prints there which of its own scripts failed when a thread is ended while it starts.
    stdio: ['ignore', 'ignore', 'inherit', ...channel],
    timeout: MAX_MINUTES * 60_000,
  });
}

/** Runs a process that must end by itself, and returns its report. */
async function run(args, env) {
  const child = start(args, env, ['ipc']);
  let report;
  child.on('message', (message) => {
    report = message;
  });
  assertEnded(await once(child, 'close'));
  return report;
}

function assertEnded([code, signal]) {
  if (signal === 'SIGTERM') throw new Error(`a process still ran after ${MAX_MINUTES} minutes`);
  if (code !== 0) throw new Error(`a process ended with ${signal ?? `exit code ${code}`}`);
}

/** Starts two processes at once and kills one of them at a random moment. */
async function killProcess(random, url, env, counts) {
  const survivor = run([url, '2', String(random.whole(2 ** 31))], env);
  const victim = start([url, '9', '1'], env);
  const ended = once(victim, 'close');
  const timer = setTimeout(() => victim.kill('SIGKILL'), random.whole(400));
  const [[code, signal]] = await Promise.all([ended, survivor]);
  clearTimeout(timer);
  counts.processes += 2;
  if (signal === 'SIGKILL') counts.killed += 1;
  else assertEnded([code, signal]);
}
