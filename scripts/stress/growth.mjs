// Detects growth in a process that repeats the same work.

/**
 * The measures, and how much each may grow from the second to the last quarter of a run. Resident
 * memory grows in steps: when more queries are in progress than ever before, as on a busy machine,
 * the allocator may take 10 MiB at once and keep them. A leak grows all the time.
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
 * What the second, third and last quarter of the values have at least, because what leaks is in all
 * of them. The first quarter warms up.
 */
function leastOfQuarters(values) {
  const quarter = Math.floor(values.length / 4);
  return [1, 2, 3].map((at) =>
    Math.min(...values.slice(at * quarter, at === 3 ? undefined : (at + 1) * quarter)),
  );
}

/** How much the values grew from the second to the last quarter, without what is a single step. */
export function steadyGrowth(values) {
  const [warm, middle, end] = leastOfQuarters(values);
  // A step is in one half only.
  return 2 * Math.min(middle - warm, end - middle);
}

/** By measure: the value after warming up, and at the end. */
function growth(samples) {
  return Object.entries(MEASURES).map(([name, measure]) => {
    const values = samples.map((sample) => sample[name]);
    const [warm, , end] = leastOfQuarters(values);
    const grown = measure.inSteps ? steadyGrowth(values) : end - warm;
    return { name, ...measure, warm, end, grown };
  });
}

/** The measures that grew beyond their tolerance. */
function tooMuch(samples) {
  return growth(samples).filter(({ grown, allowed }) => !(grown <= allowed));
}

/** One line for each measure that grew beyond its tolerance. */
export function violations(samples) {
  return tooMuch(samples).map(
    ({ name, warm, end, allowed }) =>
      `${name} grew from ${warm.toFixed(1)} to ${end.toFixed(1)}, by more than ${allowed}`,
  );
}

/** Whether the growth may be several steps: another pass tells, because a leak grows in each. */
export function mayBeSteps(samples) {
  const found = tooMuch(samples);
  return found.length > 0 && found.every(({ inSteps }) => inSteps);
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
