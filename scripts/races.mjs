// npm run races: hosts of the plugin that begin, end and are thrown away at any moment, over and over.
// Fails if a process crashes, or if the plugin does not work after all of it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServer } from './proof/load.mjs';
import { createRandom } from './proof/random.mjs';

const USAGE = `npm run races -- [options]
  --rounds N   10000 unless said otherwise
  --seed N     repeats the same choices; the moments still differ`;
/** A process takes ten times as long to start as a worker. */
const ROUNDS_PER_PROCESS = 20;
const ROUNDS_PER_ARENA = 500;

const arenaFile = fileURLToPath(new URL('./proof/arena.mjs', import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
} else {
  process.exitCode = await races(Number(values.rounds), Number(values.seed));
}

async function races(rounds, seed) {
  const random = createRandom(seed);
  const server = await startServer();
  const home = mkdtempSync(join(tmpdir(), 'races-'));
  // Nobody else's copy of the addon is found from there.
  const { XDG_CACHE_HOME, TOOLJET_OPENAI_ADDON_DIR, ...rest } = process.env;
  const env = { ...rest, HOME: home, TMPDIR: home };
  const cache = join(home, '.cache');
  const start = Date.now();
  const counts = { workers: 0, contexts: 0, processes: 0, killed: 0 };
  try {
    for (let done = 0; done < rounds; ) {
      const part = Math.min(ROUNDS_PER_ARENA, rounds - done);
      const arena = run([server.url, String(part), String(random.whole(2 ** 31))], env);
      for (let left = Math.ceil(part / ROUNDS_PER_PROCESS); left > 0; left -= 1) {
        // Now and then the addon has to be unpacked again, by several at once.
        if (random.chance(0.2)) rmSync(cache, { recursive: true, force: true });
        await killed(random, server.url, env, counts);
      }
      const report = await arena;
      for (const [name, count] of Object.entries(report)) counts[name] += count;
      done += part;
      console.log(`${done} rounds, ${Math.round((Date.now() - start) / 1000)} s: ${words(counts)}`);
    }
    // Whatever the killed ones left, the next host works with it.
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

/** A process that must end by itself, and the report that it prints. */
async function run(args, env) {
  const child = spawn(process.execPath, ['--expose-gc', arenaFile, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`a host ended with ${signal ?? `exit code ${code}`}`);
  return JSON.parse(output);
}

/** Two processes that start at once; one of them is killed at any moment. */
async function killed(random, url, env, counts) {
  const survivor = run([url, '2', String(random.whole(2 ** 31))], env);
  const victim = spawn(process.execPath, ['--expose-gc', arenaFile, url, '9', '1'], {
    env,
    stdio: 'ignore',
  });
  const ended = once(victim, 'close');
  const timer = setTimeout(() => victim.kill('SIGKILL'), random.whole(400));
  const [code, signal] = await ended;
  clearTimeout(timer);
  if (signal !== null && signal !== 'SIGKILL') throw new Error(`a host ended with ${signal}`);
  if (signal === null && code !== 0) throw new Error(`a host ended with exit code ${code}`);
  await survivor;
  counts.processes += 2;
  counts.killed += signal === 'SIGKILL' ? 1 : 0;
}
