// The tables of fields in docs/openai.md, folded: every field with its accepted values and its default.

import { DATA_SOURCE } from './data-source.mjs';
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

/** GitHub and ToolJet's pages read Markdown in it, as there is an empty line on both sides. */
export const folded = (summary, ...parts) =>
  ['<details>', `<summary>${summary}</summary>`, '', parts.join('\n\n'), '', '</details>'].join(
    '\n',
  );

export const dataSourceFields = () =>
  folded('All fields of the data source', fieldsTable(DATA_SOURCE));

export function operationFields({ name, value, basic, advanced: rare, saved }) {
  const parts = [`${code('operation')}: ${code(value)}`, fieldsTable(basic)];
  if (rare) {
    parts.push(
      `Shown while ${advanced.label} (${code(advanced.key)}) is ${code('on')}, ignored while it is ${code('off')}:`,
      fieldsTable(rare),
    );
  }
  if (saved) parts.push('In saved queries only:', savedTable(saved));
  return folded(`All fields of ${name}`, ...parts);
}
