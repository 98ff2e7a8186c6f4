// The options of every npm command: one definition for parsing, --help, and suggestions for
// mistyped options.

import { parseArgs } from 'node:util';
import { print, printable, textWidth, wrap } from './terminal.mjs';

const HELP = { type: 'boolean', short: 'h', default: false, help: 'show this text' };
const GAP = 2;
/** A text column narrower than this goes below its option instead of next to it. */
const MIN_TEXT = 24;

/** A user's mistake: shown as a sentence without a stack. */
export class Mistake extends Error {}

/**
 * Runs an npm command.
 *
 * `command` is what to type (`npm run build`), `about` is what it does, and `notes` are further
 * paragraphs of its help. `options` are those of `parseArgs`, each with a `help` and, unless it is
 * a switch, the name of its `value`; `read(text, name)` may convert the value or throw. `files`
 * names the arguments that are not options, if allowed.
 *
 * `run` receives the options by name, and `files`. If it throws, the error is shown and the process
 * ends with 1.
 */
export async function runCommand({ command, about, notes = [], options = {}, files }, run) {
  const name = command.replace(/^npm (run )?/, '');
  const all = { ...options, help: HELP };
  const definition = { command, about, notes, options: all, files };
  let values;
  try {
    values = readArguments(definition, process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    fail(name, error, 2);
    return;
  }
  if (values.help) {
    print(helpText(definition));
    return;
  }
  try {
    await run(values);
  } catch (error) {
    fail(name, error, 1);
  }
}

function fail(name, error, code) {
  // A bug in the script itself is shown with its location. Foreign text cannot add lines.
  const isExpected = error instanceof Mistake || error?.constructor === Error || error?.code;
  const words = isExpected
    ? printable(error.message)
    : printable(error?.stack ?? error, { lines: true });
  const text = `${name}: ${words}`;
  // In a pipe, a sentence stays on one line.
  process.stderr.write(`${process.stderr.isTTY ? wrap(text).join('\n') : text}\n`);
  process.exitCode = code;
}

/** The values of `args`; throws a Mistake that describes invalid ones. */
export function readArguments({ command, options, files }, args) {
  const { tokens, values, positionals } = parseArgs({
    args,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { help, value, read, ...option }]) => [name, option]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const mistake = tokens.map((token) => findMistake(token, command, options)).find(Boolean);
  if (mistake) throw new Mistake(mistake);
  if (!files && positionals.length > 0) {
    throw new Mistake(
      `"${printable(positionals[0])}" is not an option. Options come after --, as in ${command} -- --help`,
    );
  }
  const read = Object.entries(values).map(([name, value]) => {
    const change = options[name].read;
    return [name, change && !values.help ? readWith(change, value, name) : value];
  });
  return { ...Object.fromEntries(read), ...(files && { files: positionals }) };
}

function readWith(read, value, name) {
  try {
    return read(value, name);
  } catch (error) {
    throw new Mistake(error.message);
  }
}

function findMistake({ kind, name, rawName, value }, command, options) {
  if (kind !== 'option') return undefined;
  const option = options[name];
  if (!option) {
    const nearest = nearestTo(name, Object.keys(options));
    const advice = nearest ? `Did you mean --${nearest}?` : `See ${command} -- --help`;
    return `there is no option ${printable(rawName)}. ${advice}`;
  }
  if (option.type === 'string' && (value === undefined || value === '')) {
    return `--${name} needs a value: --${name} ${option.value}`;
  }
  if (option.type === 'boolean' && value !== undefined) return `--${name} takes no value`;
  return undefined;
}

/** The most similar name, unless most of it would have to change. */
export function nearestTo(typed, names) {
  const ranked = names
    .map((name) => ({ name, changes: changesBetween(typed, name) }))
    .sort((a, b) => a.changes - b.changes);
  const [best] = ranked;
  return best && best.changes <= Math.max(2, best.name.length / 2) ? best.name : undefined;
}

/** The Levenshtein distance: characters to insert, remove or replace. */
function changesBetween(a, b) {
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row += 1) {
    const next = [row];
    for (let at = 1; at <= b.length; at += 1) {
      const replaced = last[at - 1] + (a[row - 1] === b[at - 1] ? 0 : 1);
      next.push(Math.min(replaced, last[at] + 1, next[at - 1] + 1));
    }
    last = next;
  }
  return last[b.length];
}

/** The text of --help, wrapped to the terminal. */
export function helpText({ command, about, notes, options, files }) {
  const usage = `${command} -- [options] ${files ?? ''}`;
  const rows = Object.entries(options).map(([name, { value, help }]) => [
    `  --${name}${value ? ` ${value}` : ''}`,
    help,
  ]);
  const left = Math.max(...rows.map(([flag]) => flag.length)) + GAP;
  const isBeside = textWidth() - left >= MIN_TEXT;
  const lines = rows.flatMap(([flag, help]) => {
    if (!isBeside) return [flag, ...wrap(help, textWidth() - 6).map((line) => `      ${line}`)];
    const [first, ...others] = wrap(help, textWidth() - left);
    return [flag.padEnd(left) + first, ...others.map((line) => ' '.repeat(left) + line)];
  });
  const paragraphs = notes.map((note) => wrap(note).join('\n'));
  return [wrap(usage).join('\n'), wrap(about).join('\n'), lines.join('\n'), ...paragraphs].join(
    '\n\n',
  );
}

/** For `read`: a number that is at least `min`. */
export const numberFrom =
  (min, { whole = true } = {}) =>
  (text, name) => {
    const number = Number(text);
    if (text.trim() === '' || !(number >= min) || (whole && !Number.isInteger(number))) {
      const kind = whole ? 'a whole number' : 'a number';
      throw new Error(`--${name} must be ${kind} of at least ${min}, not ${text}`);
    }
    return number;
  };
