// docs/fields.md: every field with its accepted values and its default.

import { DATA_SOURCE } from './data-source.mjs';
import { OPERATIONS } from './operations.mjs';
import { advanced } from './shared-fields.mjs';

const code = (text) => `\`${text}\``;

const CONTROLS = {
  line: 'code field',
  editor: 'code editor',
  dropdown: 'dropdown',
  text: 'text',
  password: 'secret',
  pairs: 'pairs',
};

const sentences = ({ help, details }) => [help, details].filter(Boolean).join(' ');

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

const fieldsTable = (fields) =>
  table(
    ['Key', 'Label', 'Control', 'Accepted values', 'If empty', 'What it does'],
    fields.map((field) => [
      code(field.key),
      field.label,
      CONTROLS[field.control],
      field.accepts,
      field.fallback,
      sentences(field),
    ]),
  );

const savedTable = (fields) =>
  table(
    ['Key', 'Accepted values', 'What it does'],
    fields.map((field) => [code(field.key), field.accepts, sentences(field)]),
  );

function operationSection({ name, value, basic, advanced: rare, saved }) {
  const parts = [`## ${name}`, `${code('operation')}: ${code(value)}`, fieldsTable(basic)];
  if (rare) {
    parts.push(
      `### ${name}, advanced`,
      `Shown while ${advanced.label} (${code(advanced.key)}) is ${code('on')}, ignored while it is ${code('off')}.`,
      fieldsTable(rare),
    );
  }
  if (saved) parts.push(`### ${name}, in saved queries only`, savedTable(saved));
  return parts;
}

export function fieldsPage() {
  return `${[
    '<!-- Written by `npm run docs` from forms/. -->',
    '# Fields',
    'A code field takes plain text or a template such as `{{components.input1.value}}`. Numbers, `true` and `false` and JSON may be text or the real type. A field that is blank, `null` or `undefined` counts as empty; `0` and `false` are values. A dropdown set to *Default* (`unset`) is not sent.',
    '## Data source',
    fieldsTable(DATA_SOURCE),
    ...OPERATIONS.flatMap(operationSection),
  ].join('\n\n')}\n`;
}
