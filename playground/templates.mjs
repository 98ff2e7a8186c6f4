// How ToolJet fills in `{{ … }}`: the browser evaluates every template of a query against the app's
// components and sends the values along; the server then puts them where the templates stand.

// It ends at the first `}}`, as ToolJet's does: `{{ {a: {b: 1}} }}` is not one template there.
const TEMPLATE = /\{\{.*?\}\}/gs;

/** The distinct templates in an option, however deep: `['{{components.a.value}}']`. */
export function templatesIn(option) {
  if (typeof option === 'string') return [...new Set(option.match(TEMPLATE))];
  if (option === null || typeof option !== 'object') return [];
  return [...new Set(Object.values(option).flatMap(templatesIn))];
}

export const expressionOf = (template) => template.slice(2, -2);

/** The option with the values of its templates; a template without one is `undefined`. */
export function fillIn(option, values) {
  if (typeof option === 'string') return fillInText(option, values);
  if (Array.isArray(option)) return option.map((each) => fillIn(each, values));
  if (option === null || typeof option !== 'object') return option;
  return Object.fromEntries(
    Object.entries(option).map(([key, each]) => [key, fillIn(each, values)]),
  );
}

function fillInText(text, values) {
  const templates = text.match(TEMPLATE) ?? [];
  if (templates.length === 0) return isUnbalanced(text) ? undefined : text;
  if (templates[0] === text) return values[text];
  // ToolJet's own quirks: the text around templates loses its line breaks, and `$&` and its like
  // in a value mean what they mean to String.replace.
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
