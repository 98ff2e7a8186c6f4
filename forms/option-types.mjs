// The options in dist/operations.d.ts: those of the data source, and of each operation.

import { spanInWords } from './controls.mjs';
import { DATA_SOURCE } from './data-source.mjs';
import { midSentence } from './mid-sentence.mjs';
import { OPERATIONS } from './operations.mjs';
import { advanced } from './shared-fields.mjs';

const WIDTH = 96;

/** Builds a documentation comment. Text is wrapped; a tag has its own line. */
function comment(text, tags = []) {
  const lines = [...wrap(text), ...tags];
  return lines.length === 1 && tags.length === 0 && lines[0].length < WIDTH - 4
    ? `  /** ${lines[0]} */`
    : ['  /**', ...lines.map((line) => `   * ${line}`), '   */'].join('\n');
}

function wrap(text) {
  const lines = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH - 5)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function rangeTag({ min, max, isWhole }) {
  return `@range ${[spanInWords(min, max), isWhole && 'whole'].filter(Boolean).join(', ')}`;
}

function property(field, place) {
  const { key, type, unit, fallback, help, details, accepts } = field;
  const isRequired = fallback === 'Required';
  const isNumber = type === 'NumberOption';
  const isWords = ['Text', 'JSON object'].includes(accepts) || field.list || isNumber;
  const text = [
    help,
    details,
    !isWords && `Accepts: ${midSentence(accepts)}.`,
    fallback.startsWith('Required') && `${fallback.replaceAll('`', '')}.`,
    place,
  ];
  const tags = [
    ...(unit ? [`@unit ${unit}`] : []),
    ...(isNumber ? [rangeTag(field)] : []),
    ...(fallback.startsWith('Required') ? [] : [`@default ${fallback.replaceAll('`', '')}`]),
  ];
  return `${comment(text.filter(Boolean).join(' '), tags)}\n  ${key}${isRequired ? '' : '?'}: ${type};`;
}

const declaration = (doc, head, properties) =>
  `/** ${doc} */\nexport interface ${head} {\n${properties.join('\n')}\n}`;

function operationInterface(operation) {
  const { value, name, summary, types, basic, saved = [], savedTypes } = operation;
  const bases = ['QueryBase', ...(savedTypes ? [savedTypes] : [])];
  const properties = [
    `  operation: '${value}';`,
    ...basic.map((field) => property(field)),
    ...(operation.advanced
      ? [
          property(advanced),
          ...operation.advanced.map((field) => property(field, 'Under Advanced.')),
        ]
      : []),
    ...saved.map((field) => property(field)),
  ];
  return declaration(`${name}: ${summary}.`, `${types} extends ${bases.join(', ')}`, properties);
}

export function optionTypes() {
  const union = OPERATIONS.map(({ types }) => `  | ${types}`).join('\n');
  return [
    declaration(
      'The options of a data source.',
      'SourceOptions',
      DATA_SOURCE.map((field) => property(field)),
    ),
    ...OPERATIONS.map(operationInterface),
    `/** The options of a query, distinguished by \`operation\`. Options of other operations are ignored. */\nexport type QueryOptions =\n${union};`,
  ].join('\n\n');
}
