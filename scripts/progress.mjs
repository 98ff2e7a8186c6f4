// One line that changes while something runs.

import { columns, inSeconds, paint, print, printable } from './terminal.mjs';

const LIVE_MS = 100;
/** How often to print a line if lines cannot change. */
const QUIET_MS = 15_000;
const CLEAR = '\r\x1b[2K';

/**
 * Shows `title`, the elapsed seconds and the latest detail: in a terminal as one changing line of
 * its current width, elsewhere as a line from time to time.
 */
export function createProgress(title) {
  const started = performance.now();
  const isLive = process.stdout.isTTY === true && process.env.TERM !== 'dumb';
  const time = () => inSeconds(performance.now() - started);
  let detail = '';

  function show() {
    // The time comes first, because a narrow terminal cuts off the end.
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
    /** Replaces the line by `text` and the elapsed time. */
    end(text) {
      stop();
      print(`${text} ${paint('dim', `(${time()})`)}`);
    },
    stop,
  };
}
