import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const COMPILER = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

/** Fails with all that tsc says unless it accepts the files. `options` are those of `spawnSync`. */
export function assertCompiles(args, options = {}, compiler = COMPILER) {
  assert.ok(existsSync(compiler), `${compiler} does not exist: run npm ci first`);
  const ran = spawnSync(process.execPath, [compiler, ...args], { ...options, encoding: 'utf8' });
  const said = `${ran.stdout}${ran.stderr}`;
  assert.ok(ran.status === 0 && said === '', `tsc ended with ${ran.status}:\n${said}`);
}
