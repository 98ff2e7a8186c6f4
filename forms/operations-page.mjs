// The parts of docs/openai.md that come from the forms: the list of operations, the section of each
// operation with `about`, and the fields of the data source and of the operations whose sections
// are written by hand.

import { dataSourceFields, folded, operationFields } from './fields-tables.mjs';
import { midSentence } from './mid-sentence.mjs';
import { OPERATIONS } from './operations.mjs';
import { advanced } from './shared-fields.mjs';

const anchor = (name) => name.toLowerCase().replaceAll(' ', '-');

/** "What to check. More about it." becomes "what to check." */
const inShort = ({ help }) => {
  const [first] = /^.*?\.(?= |$)/.exec(help) ?? [help];
  return midSentence(first);
};

const line = (field) => `- **${field.label}**: ${inShort(field)}`;

/** "Result, Model and Extra body" */
const inWords = (labels) =>
  labels.length === 1 ? labels[0] : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`;

const block = (title, value) =>
  `\`\`\`json title="${title}"\n${JSON.stringify(value, null, 2)}\n\`\`\``;

const operationsList = () =>
  OPERATIONS.map(({ name, summary }) => `- **[${name}](#${anchor(name)})**: ${summary}`).join('\n');

const typesOf = ({ name, declarations }) =>
  folded(`Types of the result of ${name}`, `\`\`\`ts\n${declarations.trim()}\n\`\`\``);

/** Details, folded for readers who look for them. */
const details = (operation) =>
  [operationFields(operation), ...(operation.declarations ? [typesOf(operation)] : [])].join(
    '\n\n',
  );

function section(operation) {
  const { value, name, about, basic, advanced: rare, examples = [], notes } = operation;
  const isRequired = ({ fallback }) => fallback.startsWith('Required');
  const required = basic.filter(isRequired).map(line);
  const optional = basic.filter((field) => !isRequired(field)).map(line);
  if (rare) {
    const labels = rare.map(({ label }) => label);
    optional.push(`- **${advanced.label}**: shows ${inWords(labels)}.`);
  }
  const shown = examples.filter(({ result }) => result !== undefined);
  return [
    `### ${name}`,
    about,
    ...(required.length > 0 ? ['#### Required parameters', required.join('\n')] : []),
    ...(optional.length > 0 ? ['#### Optional parameters', optional.join('\n')] : []),
    details(operation),
    shown.length > 1 ? '#### Examples' : '#### Example',
    ...shown.flatMap(({ query, result }) => [
      block('Query', { operation: value, ...query }),
      block('Result', result),
    ]),
    ...(notes ? [notes] : []),
  ].join('\n\n');
}

/** The parts of the page by the names in their markers. */
export function pageParts() {
  const isWritten = ({ about }) => about !== undefined;
  const byHand = OPERATIONS.filter((operation) => !isWritten(operation));
  return {
    operations: operationsList(),
    'fields of the data source': dataSourceFields(),
    ...Object.fromEntries(byHand.map((each) => [`fields of ${each.name}`, details(each)])),
    sections: OPERATIONS.filter(isWritten).map(section).join('\n\n'),
  };
}
