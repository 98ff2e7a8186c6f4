// Lists of objects as tables.

const MAX_COLUMNS = 30;

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

const isList = (value) => Array.isArray(value) && value.length > 0 && value.every(isObject);

/**
 * The rows of a value: a list of objects, or the only member of an object if it is one, as models
 * write it, because an answer in JSON is always an object. Otherwise undefined.
 */
export function findRows(value) {
  if (isList(value)) return value;
  const members = isObject(value) ? Object.values(value) : [];
  return members.length === 1 && isList(members[0]) ? members[0] : undefined;
}

/** The keys of all rows, in the order in which they appear. */
export const findColumns = (rows) => [...new Set(rows.flatMap(Object.keys))].slice(0, MAX_COLUMNS);

export function printCell(value) {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
