// Printing for the demo: at most 80 columns, and color only in a terminal.

const WIDTH = Math.min(process.stdout.columns || 80, 80);
const INDENT = 3;
const LABEL = 13;

const isColored = process.stdout.isTTY === true && !process.env.NO_COLOR;

// util.styleText is missing in the first releases of Node 20.
const CODES = { bold: 1, dim: 2, green: 32, yellow: 33, cyan: 36 };

export const paint = (style, text) => (isColored ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text);

// C0 and C1, and what reorders the text around it (Trojan Source).
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Foreign text without what a terminal would obey: it could clear the screen, write lines that look
 * like ours or fill the clipboard. Line breaks become spaces, unless the text may have `lines`.
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
function wrap(text, width = WIDTH) {
  return printable(text, { lines: true })
    .split('\n')
    .flatMap((line) => wrapLine(line.trimEnd(), width));
}

/** Prints a label and text next to it, wrapped below its own start. */
export function printField(label, text, style) {
  const margin = ' '.repeat(INDENT);
  const [first, ...others] = wrap(text, WIDTH - INDENT - LABEL);
  const show = (line) => (style ? paint(style, line) : line);
  print(`${margin}${paint('dim', label.padEnd(LABEL))}${show(first)}`);
  for (const line of others) {
    print(`${margin}${' '.repeat(LABEL)}${show(line)}`.trimEnd());
  }
}

/** Prints a heading with an outcome and a time at the right edge. */
export function printHeading(title, { outcome, style, time }) {
  const text = printable(title);
  const gap = ' '.repeat(Math.max(1, WIDTH - `${text}${outcome}  ${time}`.length));
  print(`${paint('bold', text)}${gap}${paint(style, outcome)}  ${paint('dim', time)}`);
}

export function printWrapped(text, style) {
  for (const line of wrap(text)) {
    print(style ? paint(style, line) : line);
  }
}

/** Updates one line while something runs; without a terminal, prints a line now and then. */
export function createProgress(title) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  const live = process.stdout.isTTY === true;
  const every = live ? 100 : 15_000;
  let detail = '';
  if (!live) {
    print(`${title} ...`);
  }
  const timer = setInterval(() => {
    const line = `${title} ... ${seconds()}${detail && `  ${detail}`}`.slice(0, WIDTH - 1);
    process.stdout.write(live ? `\r\x1b[2K${paint('dim', line)}` : `${line}\n`);
  }, every);
  return {
    update(text) {
      detail = printable(text);
    },
    end(text) {
      clearInterval(timer);
      if (live) {
        process.stdout.write('\r\x1b[2K');
      }
      print(`${text} ${paint('dim', `(${seconds()})`)}`);
    },
    stop() {
      clearInterval(timer);
      if (live) {
        process.stdout.write('\r\x1b[2K');
      }
    },
  };
}

export function duration(milliseconds) {
  return milliseconds < 1000
    ? `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}
