/**
 * Writes docs/fields.md from the two forms and the table of the README from the last benchmark, so
 * that each fact stands in one place. `node scripts/docs.mjs` writes them,
 * `node scripts/docs.mjs --check` fails if they are out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

/** "Whole number from 0 to 10. Default: 2" or "Text. Required" */
const hintForm = /^(?<accepts>.+?)\. (?:Default: (?<fallback>.+)|(?<required>Required.*))$/;

/** What a field's hint says, or undefined where it says it in another form. */
export function readHint(hint) {
  const parts = hintForm.exec(hint ?? '')?.groups;
  return parts && { accepts: parts.accepts, fallback: parts.fallback ?? parts.required };
}

export async function readForm(name) {
  return JSON.parse(await readFile(new URL(name, root), 'utf8'));
}

const code = (text) => `\`${text}\``;

const controls = {
  codehinter: { name: 'code field', read: ({ placeholder }) => readHint(placeholder) },
  dropdown: { name: 'dropdown', read: readChoices },
  text: { name: 'text', read: ({ description }) => readHint(description) },
  password: { name: 'secret', read: () => ({ accepts: 'Text', fallback: 'none' }) },
  'react-component-headers': {
    name: 'pairs',
    read: () => ({ accepts: 'Pairs of name and value', fallback: 'none' }),
  },
};

function readChoices({ key, list }, defaults) {
  const unset = list.find(({ value }) => value === '');
  return {
    accepts: list.flatMap(({ value }) => (value === '' ? [] : code(value))).join(', '),
    fallback: unset ? unset.name : code(defaults[key]),
  };
}

function table(fields, { defaults, required = [] }) {
  const rows = Object.values(fields).map((field) => {
    const control = controls[field.type];
    const { accepts, fallback } = control.read(field, defaults);
    return [
      code(field.key),
      field.label,
      control.name,
      accepts,
      required.includes(field.key) ? 'Required' : fallback,
      field.tooltip ?? field.helpText,
    ];
  });
  const head = ['Key', 'Label', 'Type', 'Accepted values', 'Default', 'What it does'];
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function operationSection({ name, value }, { properties, defaults }) {
  const { advanced, off, on, ...basic } = properties[value];
  const parts = [`## ${name}`, `${code('operation')}: ${code(value)}`, table(basic, { defaults })];
  if (on) {
    parts.push(
      `### ${name}, advanced`,
      `Shown while ${advanced.label} (${code(advanced.key)}) is ${code('on')}, and ignored while it is ${code('off')}.`,
      table(on, { defaults }),
    );
  }
  return parts;
}

export function fieldsPage(manifest, operations) {
  return `${[
    '<!-- Written by `npm run docs` from manifest.json and operations.json. -->',
    '# Fields',
    'A code field takes plain text or a template such as `{{components.input1.value}}`. Numbers, `true` and `false` and JSON may come as text or as the real type. A field that is blank, `null` or `undefined` counts as not set.',
    '## Data source',
    table(manifest.properties, manifest),
    ...operations.properties.operation.list.flatMap((item) => operationSection(item, operations)),
  ].join('\n\n')}\n`;
}

const BENCH = {
  start: '<!-- benchmark: written by `npm run docs` from bench/results/latest.md -->\n',
  end: '<!-- end of benchmark -->',
};

/** The README with the table of the last benchmark in its place. */
export function withBenchmark(readme, table) {
  const [before, rest, ...more] = readme.split(BENCH.start);
  const after = rest?.split(BENCH.end)[1];
  if (after === undefined || more.length > 0) {
    throw new Error('README.md has no single place for the benchmark');
  }
  return before + BENCH.start + table + BENCH.end + after;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (name) => readFile(new URL(name, root), 'utf8');
  const pages = {
    'docs/fields.md': fieldsPage(
      await readForm('manifest.json'),
      await readForm('operations.json'),
    ),
    'README.md': withBenchmark(await read('README.md'), await read('bench/results/latest.md')),
  };
  for (const [name, written] of Object.entries(pages)) {
    if (!process.argv.includes('--check')) {
      await writeFile(new URL(name, root), written);
    } else if ((await read(name).catch(() => '')) !== written) {
      console.error(`${name} is out of date. Run: npm run docs`);
      process.exitCode = 1;
    }
  }
}
