// Whether a process that does the same all the time comes to hold more and more.

/** What is measured, and how much more of it the last quarter of a run may hold than the second. */
export const MEASURES = {
  rss: { unit: 'MiB', allowed: 24 },
  heap: { unit: 'MiB', allowed: 4 },
  threads: { unit: '', allowed: 1 },
  sockets: { unit: '', allowed: 16 },
  descriptors: { unit: '', allowed: 16 },
  tasks: { unit: '', allowed: 0 },
};

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** One line for each measure that grew beyond its tolerance. */
export function complaints(samples) {
  const quarter = Math.floor(samples.length / 4);
  return Object.entries(MEASURES).flatMap(([name, { unit, allowed }]) => {
    const of = (from, to) => median(samples.slice(from, to).map((sample) => sample[name]));
    const [warm, end] = [of(quarter, 2 * quarter), of(3 * quarter, samples.length)];
    if (end - warm <= allowed) return [];
    return [
      `${name} grew from ${warm.toFixed(1)} to ${end.toFixed(1)} ${unit}, by more than ${allowed}`,
    ];
  });
}

/** The samples as lines of a table. */
export function table(samples, { head = true } = {}) {
  const names = Object.keys(MEASURES);
  const columns = ['queries', ...names.map((name) => [name, MEASURES[name].unit].join(' ').trim())];
  const lines = samples.map((sample) =>
    [sample.queries, ...names.map((name) => Number(sample[name].toFixed(1)))]
      .map((value, at) => String(value).padStart(columns[at].length))
      .join('  '),
  );
  return [...(head ? [columns.join('  ')] : []), ...lines].join('\n');
}
