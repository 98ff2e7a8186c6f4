// Runs the tools that the scripts need, each behind one line of progress.

import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { Mistake } from './options.mjs';
import { createProgress } from './progress.mjs';
import { ROOT } from './root.mjs';

/** What to install if a command is missing. */
const MISSING = {
  cargo: 'cargo was not found. Install Rust from https://rustup.rs, then try again.',
};

/**
 * Runs a command, shows its progress, and resolves to the lines that it printed. `detail(line)`
 * returns the progress in a line, or in a state of a line that is rewritten, if there is any. Lines
 * that contain only progress (`isProgress`) are dropped. If the command fails, the other lines are
 * shown, followed by `explains`, a sentence on the failure.
 */
export async function runStep({
  title,
  done,
  command,
  args,
  detail = String,
  isProgress = () => false,
  explains,
  ...options
}) {
  const progress = createProgress(title);
  const lines = [];
  const status = await spawnLines(command, args, options, (line, isWhole) => {
    if (isWhole && !isProgress(line)) lines.push(line);
    const text = detail(line.trim());
    if (text) progress.update(text);
  }).catch((error) => {
    progress.stop();
    throw error.code === 'ENOENT'
      ? new Mistake(MISSING[command] ?? `${command} was not found`)
      : error;
  });
  if (status === 0) {
    progress.end(done);
    return lines;
  }
  progress.stop();
  process.stderr.write(`${lines.join('\n')}\n`);
  throw new Mistake(explains ?? `${[command, ...args].join(' ')} failed; its output is above.`);
}

/**
 * Runs a command without input. `onLine` receives each line of its output and, if `isWhole` is
 * false, each state of a line that is rewritten after a carriage return. Resolves to its exit code,
 * or to the signal that ended it.
 */
export async function spawnLines(command, args, options, onLine) {
  const child = spawn(command, args, { cwd: ROOT, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder();
    let rest = '';
    stream.on('data', (bytes) => {
      const parts = (rest + decoder.write(bytes)).split(/(?<=[\r\n])/);
      rest = /[\r\n]$/.test(parts.at(-1)) ? '' : parts.pop();
      for (const part of parts) onLine(plain(part), part.endsWith('\n'));
    });
    stream.on('end', () => rest && onLine(rest, true));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
}

/** Removes the line's end, and sequences that clear the rest of a line. */
const plain = (part) => part.replaceAll('\x1b[K', '').replace(/[\r\n]+$/, '');
