/**
 * Kinds of form fields. Each function returns one field: everything that the two forms,
 * docs/openai.md, the types and, by its label, error messages say about it.
 *
 * | member | meaning |
 * |---|---|
 * | `key` | option key, as in saved queries |
 * | `label` | its name in the form and in error messages, in sentence case |
 * | `control` | `line`, `editor`, `dropdown`, `text`, `password` or `pairs` |
 * | `placeholder` | a short example, or the one fact that an app builder must know; see `MAX_PLACEHOLDER` |
 * | `help` | the tooltip, in sentences. ToolJet 2 never shows it |
 * | `details` | further sentences for the tables of docs/openai.md and for the types |
 * | `accepts` | accepted values in words |
 * | `fallback` | the default in words; `Required…` if there is none |
 * | `min`, `max`, `isWhole` | of a number |
 * | `list` | of a dropdown: `{name, value}` |
 * | `initial` | of a dropdown: the value that a new query starts with |
 * | `type` | TypeScript type of the option |
 * | `secret` | ToolJet encrypts it |
 * | `models` | of a Model field: the Purpose of List models that finds its values |
 * | `sample`, `needs` | a value with an effect, and the other options that it needs; for the tests |
 */

/** ToolJet 2.15 shows about 70 characters of a placeholder at 1280 px, and hides the rest. */
export const MAX_PLACEHOLDER = 70;

/**
 * The value of "Default". ToolJet draws an option with an empty value as "Select.." and removes it
 * again when it is chosen, so "not set" needs a value. The plugin reads it as blank.
 */
export const UNSET = 'unset';

/** `0 to 2`, `at least 1`, or an empty string if every number is accepted. */
export function spanInWords(min, max) {
  if (max !== undefined) return `${min} to ${max}`;
  return min === undefined ? undefined : `at least ${min}`;
}

function accepted(noun, min, max) {
  const span = spanInWords(min, max);
  if (span === undefined) return noun;
  return `${noun} ${max === undefined ? 'of' : 'from'} ${span}`;
}

/** Text in one line, or in an editor of several lines with `control: 'editor'`. */
export const text = (key, label, more) => ({
  key,
  label,
  control: 'line',
  accepts: 'Text',
  fallback: 'none',
  type: 'TextOption',
  ...more,
});

const numeric = (key, label, noun, more) => ({
  key,
  label,
  control: 'line',
  accepts: accepted(noun, more.min, more.max),
  type: 'NumberOption',
  ...more,
});

export const number = (key, label, more) =>
  numeric(key, label, 'Number', { fallback: 'set by the model', ...more });

export const wholeNumber = (key, label, more) =>
  numeric(key, label, 'Whole number', { isWhole: true, fallback: 'none', ...more });

/** JSON text or a value, in an editor of several lines; in one line with `control: 'line'`. */
export const json = (key, label, more) => ({
  key,
  label,
  control: 'editor',
  mode: 'javascript',
  accepts: 'JSON object',
  fallback: 'none',
  type: 'JsonObjectOption',
  ...more,
});

/**
 * A dropdown. `choices` are `[name, value]`. With `isOpen`, the API's list of values may grow, and
 * the plugin passes on any other value that a query sets without the form.
 */
export const dropdown = (key, label, { choices, initial = UNSET, isOpen = false, ...more }) => {
  const listed = initial === UNSET ? [['Default', UNSET], ...choices] : choices;
  const words = listed.map(([, value]) => `'${value}'`).join(' | ');
  return {
    key,
    label,
    control: 'dropdown',
    list: listed.map(([name, value]) => ({ name, value })),
    initial,
    accepts: choices.map(([, value]) => `\`${value}\``).join(', '),
    fallback: initial === UNSET ? 'set by the model' : `\`${initial}\``,
    type: isOpen ? `WordOption<${words}>` : `${words} | Unset`,
    ...more,
  };
};
