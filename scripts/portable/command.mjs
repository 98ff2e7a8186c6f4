// Runs other programs quietly, and reports a failure in one sentence.

import { spawnSync } from 'node:child_process';

/**
 * Returns what a program prints. If the program fails, throws the end of its output; `title` is its
 * name in the error.
 */
export function output(command, args, { title = `${command} ${args.join(' ')}`, ...options } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1e8,
    ...options,
  });
  if (error?.code === 'ENOENT') throw new Error(`${command} was not found on this machine`);
  if (error) throw error;
  if (status !== 0) {
    const said = `${stderr}\n${stdout}`.trim().split('\n').slice(-8).join('\n');
    throw new Error(`${title} failed:\n${said}`);
  }
  return stdout.trim();
}

/** Returns the output, or undefined if the program is missing or fails. */
export function outputIfAny(command, args, options) {
  try {
    return output(command, args, options);
  } catch {
    return undefined;
  }
}
