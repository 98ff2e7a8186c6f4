// Prints the scripts' output: at most 80 columns wide, and in color only in a terminal.

const MAX_WIDTH = 80;
const INDENT = 3;
const LABEL = 13;

/** The columns of the terminal; without one, those of COLUMNS, or 80. */
export const columns = () => process.stdout.columns || Number(process.env.COLUMNS) || MAX_WIDTH;

/** The columns that text is wrapped to. */
export const textWidth = () => Math.min(columns(), MAX_WIDTH);

const isColored = process.stdout.isTTY === true && !process.env.NO_COLOR;

// util.styleText is missing in the first releases of Node 20.
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

export const paint = (style, text) => (isColored ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text);

// C0, C1, and characters that reorder the text around them (Trojan Source).
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Foreign text without the characters that control a terminal: they could clear the screen, imitate
 * our lines or fill the clipboard. Line breaks become spaces, unless the text may have `lines`.
 */
export function printable(text, { lines = false } = {}) {
  const unbroken = lines ? String(text) : String(text).replace(/[\r\n]+/g, ' ');
  return unbroken.replaceAll('\t', ' ').replace(UNPRINTABLE, (c) => (c === '\n' ? c : ''));
}

// `npm run demo | head` closes the pipe early, which is not a failure.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

export const print = (text = '') => process.stdout.write(`${text}\n`);

function wrapLine(line, width) {
  const lines = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > width / 3 ? space : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** The printable lines of a text, none wider than `width`; its own line breaks stay. */
export function wrap(text, width = textWidth()) {
  return printable(text, { lines: true })
    .split('\n')
    .flatMap((line) => wrapLine(line.trimEnd(), width));
}

/** Prints a label and text next to it, wrapped below its own start. */
export function printField(label, text, style) {
  const margin = ' '.repeat(INDENT);
  const [first, ...others] = wrap(text, textWidth() - INDENT - LABEL);
  const show = (line) => (style ? paint(style, line) : line);
  print(`${margin}${paint('dim', label.padEnd(LABEL))}${show(first)}`);
  for (const line of others) {
    print(`${margin}${' '.repeat(LABEL)}${show(line)}`.trimEnd());
  }
}

/** Prints a heading with an outcome and a time at the right edge, or below it where there is no room. */
export function printHeading(title, { outcome, style, time }) {
  const text = printable(title);
  const room = textWidth() - `${outcome}  ${time}`.length;
  const isTight = text.length >= room;
  if (isTight) print(paint('bold', text));
  const before = isTight ? ' '.repeat(Math.max(0, room)) : paint('bold', text);
  const gap = isTight ? '' : ' '.repeat(room - text.length);
  print(`${before}${gap}${paint(style, outcome)}  ${paint('dim', time)}`);
}

export function printWrapped(text, style) {
  for (const line of wrap(text)) {
    print(style ? paint(style, line) : line);
  }
}

/** `6.7 ms`, `12.3 s`, `2 min 5 s`. */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return inSeconds(milliseconds);
}

/** `0 s`, `12 s`, `2 min 5 s`. */
export function inSeconds(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
