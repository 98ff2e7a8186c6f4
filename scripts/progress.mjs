// One line that changes while something runs.

import { columns, inSeconds, paint, print, printable } from './terminal.mjs';

const LIVE_MS = 100;
/** How often a line is added where none can be changed. */
const QUIET_MS = 15_000;
const CLEAR = '\r\x1b[2K';

/**
 * Shows `title`, the seconds since now and the last detail: in a terminal as one line that changes, as
 * wide as the terminal is at the time; elsewhere as a line now and then.
 */
export function createProgress(title) {
  const started = performance.now();
  const isLive = process.stdout.isTTY === true && process.env.TERM !== 'dumb';
  const time = () => inSeconds(performance.now() - started);
  let detail = '';

  function show() {
    // The time comes first: where there is too little room, the rest is cut off.
    const line = `${title} ... ${time()}  ${detail}`.trimEnd();
    process.stdout.write(
      isLive ? `${CLEAR}${paint('dim', line.slice(0, columns() - 1))}` : `${line}\n`,
    );
  }

  if (isLive) show();
  else print(`${title} ...`);
  const timer = setInterval(show, isLive ? LIVE_MS : QUIET_MS);

  function stop() {
    clearInterval(timer);
    if (isLive) process.stdout.write(CLEAR);
  }

  return {
    update(text) {
      detail = printable(text);
    },
    /** Leaves `text` and the time that it took. */
    end(text) {
      stop();
      print(`${text} ${paint('dim', `(${time()})`)}`);
    },
    stop,
  };
}
