// The metrics of the last full run, for SECURITY.md.

/** A Markdown table with a row for each attack; `rows` are the metrics of those that ran. */
export function attackTable(attacks, rows) {
  const lines = attacks.map(({ name, about }) => {
    const cells = figures(rows.find((row) => row.name === name));
    return `| ${[`\`${name}\``, about.replaceAll('|', '\\|'), ...cells].join(' | ')} |`;
  });
  return [
    "| attack | description | victim's worst | peak memory |",
    '|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function figures(row) {
  if (row === undefined) return ['not measured', 'not measured'];
  if (row.skipped) return ['skipped', 'skipped'];
  if (row.exit) return ['process ended', 'process ended'];
  return [`${Math.round(row.worst)} ms`, `${Math.round(row.peakRss)} MiB`];
}
