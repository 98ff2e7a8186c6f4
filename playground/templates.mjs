/**
 * How ToolJet fills in `{{ … }}`: the browser evaluates every template of a query against the app's
 * components and sends the values along; the server then replaces the templates with them.
 *
 * Checked against: parseQueryOptions of ToolJet 2.15.1 (data_queries.service.ts) and of 3.20.
 */

// A template ends at the first `}}`, as ToolJet's does: `{{ {a: {b: 1}} }}` is not one template.
const TEMPLATE = /\{\{.*?\}\}/gs;

/** Finds the distinct templates in an option at any depth: `['{{components.a.value}}']`. */
export function templatesIn(option) {
  if (typeof option === 'string') return [...new Set(option.match(TEMPLATE))];
  if (option === null || typeof option !== 'object') return [];
  return [...new Set(Object.values(option).flatMap(templatesIn))];
}

export const readExpression = (template) => template.slice(2, -2);

/** Fills in the values of the templates in an option; a template without a value is `undefined`. */
export function fillIn(option, values, tooljet = 3) {
  if (typeof option === 'string') return fillInText(option, values, tooljet);
  if (Array.isArray(option)) return option.map((each) => fillIn(each, values, tooljet));
  if (option === null || typeof option !== 'object') return option;
  return Object.fromEntries(
    Object.entries(option).map(([key, each]) => [key, fillIn(each, values, tooljet)]),
  );
}

function fillInText(text, values, tooljet) {
  const templates = text.match(TEMPLATE) ?? [];
  if (templates[0] === text) return values[text];
  return tooljet === 2
    ? fillInByTwo(text, templates, values)
    : fillInByThree(text, templates, values);
}

/** Every string loses its line breaks, and a value in text is converted as JavaScript does. */
function fillInByTwo(text, templates, values) {
  return templates.reduce(
    (filled, template) => filled.replace(withoutLineBreaks(template), values[template]),
    withoutLineBreaks(text),
  );
}

/** Text around templates loses its line breaks, and a value in text is JSON. */
function fillInByThree(text, templates, values) {
  if (templates.length === 0) return isUnbalanced(text) ? undefined : text;
  // In both, `$&` and similar patterns in a value mean what they mean to String.replace.
  return templates.reduce(
    (filled, template) => filled.replace(withoutLineBreaks(template), asText(values[template])),
    withoutLineBreaks(text),
  );
}

const isUnbalanced = (text) => text.includes('{{') && text.includes('}}');

const withoutLineBreaks = (text) => text.replaceAll('\n', ' ');

function asText(value) {
  return typeof value === 'string' ? value : String(JSON.stringify(value));
}
