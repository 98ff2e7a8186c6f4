// Draws the main metrics as bars. Colors have medium brightness, so that they are legible on white and
// on black: the background of a README depends on the reader's settings.

import { OURS } from '../contenders.mjs';
import { LARGE_ANSWERS, MAIN } from '../plan.mjs';
import { metric, withoutFloor } from './metrics.mjs';

const WIDTH = 800;
const NAMES = 150;
const VALUES = 90;
const BAR = 16;
const PITCH = 24;
const PANEL_HEAD = 44;
const TEXT = '#7a828c';
const OTHERS = '#9aa4af';
const HIGHLIGHT = '#2f81f7';

export function chart(results) {
  const busy = { ...MAIN, concurrency: 64 };
  const panels = [
    ['Queries per second, 1 KB answers', busy, 'queriesPerSecond', 'more is better'],
    [
      'Queries per second, 200 KB answers',
      { ...LARGE_ANSWERS, concurrency: 64 },
      'queriesPerSecond',
      'more is better',
    ],
    ['Main-thread time of a query, µs', busy, 'mainThreadUs', 'less is better'],
    ['Peak memory at 256 at once, MB', { ...MAIN, concurrency: 256 }, 'peakRss', 'less is better'],
  ];
  const contenders = withoutFloor(results);
  const panelHeight = PANEL_HEAD + contenders.length * PITCH;
  const height = panels.length * panelHeight + 34;
  const { machine, command } = results;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`,
    ` role="img" aria-label="Benchmark of this plugin and four others" fill="${TEXT}"`,
    ` font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="13">\n`,
    ...panels.map(([title, cell, name, note], index) =>
      panel({
        title,
        note,
        top: index * panelHeight,
        bars: contenders.map((contender) => ({
          ...contender,
          value: metric(results, contender.id, cell, name),
        })),
      }),
    ),
    text(
      0,
      height - 8,
      `HTTPS, 64 queries at once. ${command}; ${machine.name}, Node ${machine.node}`,
      {
        'font-size': 11,
      },
    ),
    '</svg>\n',
  ].join('');
}

function panel({ title, note, top, bars }) {
  const most = Math.max(...bars.map(({ value }) => value.max));
  const scale = (value) => (value / most) * (WIDTH - NAMES - VALUES);
  return [
    text(0, top + 24, title, { 'font-weight': 600, 'font-size': 14 }),
    text(WIDTH, top + 24, note, { 'text-anchor': 'end', 'font-size': 11 }),
    ...bars.map(({ id, name, value: { median, min, max } }, index) => {
      const y = top + PANEL_HEAD + index * PITCH - 8;
      const color = id === OURS ? HIGHLIGHT : OTHERS;
      const weight = id === OURS ? { 'font-weight': 600, fill: HIGHLIGHT } : {};
      const middle = y + BAR / 2;
      return [
        text(NAMES - 10, y + 13, name, { 'text-anchor': 'end', ...weight }),
        `<rect x="${NAMES}" y="${y}" width="${tenth(Math.max(scale(median), 1))}" height="${BAR}" rx="2" fill="${color}"/>\n`,
        `<path d="M${tenth(NAMES + scale(min))} ${middle}H${tenth(NAMES + scale(max))}" stroke="${TEXT}" stroke-width="1.5"/>\n`,
        text(NAMES + scale(Math.max(median, max)) + 8, y + 13, count(median), weight),
      ].join('');
    }),
  ].join('');
}

function text(x, y, content, attributes = {}) {
  const list = Object.entries({ x: tenth(x), y, ...attributes });
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text ${list.map(([name, value]) => `${name}="${value}"`).join(' ')}>${escaped}</text>\n`;
}

function tenth(value) {
  return Math.round(value * 10) / 10;
}

function count(value) {
  return value.toLocaleString('en', { maximumFractionDigits: 0 });
}
