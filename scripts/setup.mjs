// Installs the development packages of package-lock.json for `npm test`, `npm run lint` and others;
// again when the lock file changes.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { ROOT } from './root.mjs';
import { runStep } from './steps.mjs';

export { ROOT };

/** Installs the packages of a folder's lock file unless they are installed. */
export async function installPackages(folder = ROOT) {
  const lock = `${folder}/package-lock.json`;
  const installed = `${folder}/node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  const packages = ['npm packages', relative(ROOT, folder)].filter(Boolean).join(' of ');
  await runStep({
    title: `Installing ${packages}`,
    done: `Installed ${packages}`,
    command: 'npm',
    args: ['ci', '--no-audit', '--no-fund', '--loglevel=http'],
    detail: (line) => /([^/\s]+)\.tgz/.exec(line)?.[1],
    cwd: folder,
  });
}

/** Runs a command with its output shown, and ends this process if it fails. */
export function runOrExit(command, args, options = {}) {
  console.log(`\n> ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (error?.code === 'ENOENT') {
    console.error(`${command} was not found. This project needs Node >= 20 and Rust (rustup.rs).`);
    process.exit(1);
  }
  if (status !== 0) {
    console.error(`\n${command} ${args.join(' ')} failed`);
    process.exit(status ?? 1);
  }
}

/** Returns the path of a program in node_modules. */
export function binPath(name) {
  return `${ROOT}/node_modules/.bin/${name}`;
}
