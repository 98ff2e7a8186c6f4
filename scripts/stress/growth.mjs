// Detects growth in a process that repeats the same work.

/**
 * The measures, and how much each may grow from the second to the last quarter of a run. Memory is
 * taken in steps: when a busy machine has more queries in progress than ever before, 10 MiB at once,
 * which stay. What leaks grows all the time.
 */
export const MEASURES = {
  rss: { what: 'resident memory, MiB', allowed: 8, inSteps: true },
  heap: { what: 'JavaScript heap after a collection, MiB', allowed: 1 },
  threads: { what: 'threads', allowed: 8 },
  sockets: { what: 'sockets, idle connections closed', allowed: 4 },
  descriptors: { what: 'file descriptors', allowed: 4 },
  tasks: { what: 'requests that the server still has open', allowed: 0 },
};

/**
 * By measure: the value after warming up, later, and at the end. Each is the minimum of a quarter of
 * the samples, because what leaks is in all of them.
 */
function growth(samples) {
  const quarter = Math.floor(samples.length / 4);
  return Object.entries(MEASURES).map(([name, measure]) => {
    const least = (from, to) => Math.min(...samples.slice(from, to).map((sample) => sample[name]));
    const warm = least(quarter, 2 * quarter);
    const middle = least(2 * quarter, 3 * quarter);
    return { name, ...measure, warm, middle, end: least(3 * quarter) };
  });
}

function grew({ warm, middle, end, allowed, inSteps }) {
  if (end - warm <= allowed) return false;
  // A step is in one half only.
  return !inSteps || !(Math.min(middle - warm, end - middle) <= allowed / 2);
}

/** One line for each measure that grew beyond its tolerance. */
export function violations(samples) {
  return growth(samples)
    .filter(grew)
    .map(
      ({ name, warm, end, allowed }) =>
        `${name} grew from ${warm.toFixed(1)} to ${end.toFixed(1)}, by more than ${allowed}`,
    );
}

/** The samples as lines of a table. */
export function table(samples, { head = true } = {}) {
  const columns = ['queries', ...Object.keys(MEASURES)];
  const lines = samples.map((sample) =>
    columns.map((name) => String(Number(sample[name].toFixed(1))).padStart(13)).join(''),
  );
  return [...(head ? [columns.map((name) => name.padStart(13)).join('')] : []), ...lines].join(
    '\n',
  );
}

/** The values and the growth allowed, as a table in Markdown. */
export function metrics(samples) {
  return [
    '| in the process | second quarter | last quarter | growth allowed |',
    '|---|---|---|---|',
    ...growth(samples).map(({ what, warm, end, allowed }) => {
      const digits = what.endsWith('MiB') ? 1 : 0;
      return `| ${what} | ${warm.toFixed(digits)} | ${end.toFixed(digits)} | ${allowed} |`;
    }),
  ].join('\n');
}
