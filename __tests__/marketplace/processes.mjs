// The programs of these tests, each in its own process.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PATIENCE_MS } from '../patience.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A copy of the built plugin with the id `openai`: the last build may have had another (`--id`). */
export const BUILT = copyBuiltPlugin();

function copyBuiltPlugin() {
  const folder = mkdtempSync(join(tmpdir(), 'built-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const each of ['dist', 'lib']) {
    cpSync(join(ROOT, each), join(folder, each), { recursive: true });
  }
  copyFileSync(join(ROOT, 'manifest.json'), join(folder, 'lib/manifest.json'));
  return folder;
}

/** Starts a server; `ready` matches its first lines once it listens, with a group `url`. */
export async function startServer(script, { args = [], env = {}, ready }) {
  const child = spawn(process.execPath, [`${ROOT}${script}`, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = ready.exec(line);
      if (match) resolve(match.groups.url);
    });
    ended.then(() => reject(new Error(`${script} has ended: ${output}`)));
  });
  return {
    url,
    /** Resolves once the text was printed. */
    async printed(text) {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      while (!output.includes(text)) {
        await once(child.stdout, 'data', { signal }).catch(() => {
          throw new Error(`not printed: ${text}\nbut: ${output}`);
        });
      }
    },
    /** Resolves to the exit code, or the signal that ended it. */
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const [code, killed] = await ended;
      return code ?? killed;
    },
  };
}

/** Runs a script to its end. */
export function runScript(script, { args = [], env = {}, input = '' } = {}) {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [`${ROOT}${script}`, ...args],
      { env: { ...process.env, ...env }, timeout: PATIENCE_MS },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
    // A script that needs no input may end before this is written.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

export const startMarketplace = (args) =>
  startServer('scripts/serve.mjs', {
    args: ['--port', '0', '--folder', BUILT, ...args],
    ready: /TOOLJET_MARKETPLACE_URL=(?<url>.*)/,
  });
