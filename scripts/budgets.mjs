// Renders the limits of src/budgets.rs as a table for SECURITY.md.

const KIB = 1024;
const MIB = KIB * KIB;
const CONSTANT = /((?:\/\/\/ .*\n)+)pub const (\w+): (\w+) =\s*([^;]+);/g;
const TERM = { KIB, MIB };

/** A Markdown table with a row for each public constant of `rust`. */
export function budgetsTable(rust) {
  const rows = Array.from(rust.matchAll(CONSTANT), ([, comment, name, type, value]) => [
    `\`${name}\``,
    inWords(name, type, value),
    meaning(comment),
  ]);
  const constants = rust.match(/^pub const /gm)?.length ?? 0;
  if (rows.length !== constants)
    throw new Error(
      `${constants - rows.length} constants of src/budgets.rs have no comment, or another form`,
    );
  return [
    '| limit | value | meaning |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

/** `64 MiB`, `1,024`, `60 s`, `2 for 300 s`. */
function inWords(name, type, value) {
  if (type === 'Duration') return duration(value);
  if (type === 'IdleLimits') {
    const [, max, timeout] = /max: ([^,]+), timeout: ([^}]+) }/.exec(value) ?? [];
    if (timeout === undefined) throw new Error(`${name} has another form: ${value}`);
    return `${number(max)} for ${duration(timeout)}`;
  }
  const amount = number(value);
  if (!name.endsWith('_BYTES')) return amount.toLocaleString('en-US');
  if (amount % MIB === 0) return `${amount / MIB} MiB`;
  return amount % KIB === 0 ? `${amount / KIB} KiB` : `${amount} bytes`;
}

/** `4 << 20`, `64 * MIB`, `2_000`. */
function number(value) {
  const term = (text) => TERM[text] ?? Number(text.replaceAll('_', ''));
  const [left, operator, right] = value.trim().split(' ');
  const amount = {
    undefined: () => term(left),
    '*': () => term(left) * term(right),
    '<<': () => term(left) * 2 ** term(right),
  }[operator]?.();
  if (!Number.isInteger(amount)) throw new Error(`is not a number: ${value}`);
  return amount;
}

/** `Duration::from_secs(60 * 60)`. */
function duration(value) {
  const [, unit, amount] = /^Duration::from_(secs|millis)\((.+)\)$/.exec(value.trim()) ?? [];
  const factors = amount?.split(' * ').map(number) ?? [Number.NaN];
  const length = factors.reduce((product, factor) => product * factor, 1);
  if (Number.isNaN(length)) throw new Error(`is not a duration: ${value}`);
  return `${length.toLocaleString('en-US')} ${unit === 'secs' ? 's' : 'ms'}`;
}

/** A doc comment as one line of Markdown, without links that only rustdoc follows. */
function meaning(comment) {
  return comment
    .replaceAll(/^\/\/\/ /gm, '')
    .trim()
    .replaceAll('\n', ' ')
    .replaceAll(/\[(`\w+`)\]/g, '$1')
    .replaceAll(/`(OpenAI|ToolJet|V8)`/g, '$1')
    .replaceAll('|', '\\|');
}
