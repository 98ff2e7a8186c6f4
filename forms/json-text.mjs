/** The text of a form: one line per field, so that changing a field changes one line. */
export function jsonText(form) {
  return `${print(form, '')}\n`;
}

const isField = (value) => typeof value.type === 'string' && typeof value.key === 'string';

function print(value, indent) {
  const isPlain = typeof value !== 'object' || value === null || Array.isArray(value);
  if (isPlain || isField(value) || Object.keys(value).length === 0) return JSON.stringify(value);
  const inner = `${indent}  `;
  const members = Object.entries(value).map(
    ([name, member]) => `${inner}${JSON.stringify(name)}: ${print(member, inner)}`,
  );
  return `{\n${members.join(',\n')}\n${indent}}`;
}
