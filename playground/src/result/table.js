// Lists of objects as tables.

const MAX_COLUMNS = 30;

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

const isList = (value) => Array.isArray(value) && value.length > 0 && value.every(isObject);

/**
 * The rows of a value: a list of objects, or the only member of an object if it is such a list
 * (models write that because a JSON answer is always an object). Otherwise undefined.
 */
export function findRows(value) {
  if (isList(value)) return value;
  const members = isObject(value) ? Object.values(value) : [];
  return members.length === 1 && isList(members[0]) ? members[0] : undefined;
}

const promptsOf = ({ prompts }) => rowsOf(prompts)?.map((prompt) => ({ prompt }));

/** What a query knows of its rows beside their answers, by operation: a batch was asked by another query. */
const ROWS = {
  chat_list: promptsOf,
  completion_list: promptsOf,
  batch_result: (_, answers, firstRow) => answers.map((_, index) => ({ row: firstRow + index })),
};

/** The rows of a list with their results; undefined for any other operation. */
export function pairRows(query, { data, metadata }) {
  const answers = Array.isArray(data) ? data : data?.answer;
  if (!Array.isArray(answers)) return undefined;
  const { failed: failures, first_row: firstRow = 0 } = metadata ?? data;
  const asked = ROWS[query.operation]?.(query, answers, firstRow);
  if (!asked?.length) return undefined;
  const failed = new Map(failures?.map((row) => [row.index, row.description]));
  return asked.map((row, index) => ({
    ...row,
    answer: answers[index],
    ...(failed.size > 0 && { failed: failed.get(firstRow + index) }),
  }));
}

/** A query contains them as a list, or as typed text. */
function rowsOf(prompts) {
  if (Array.isArray(prompts)) return prompts;
  try {
    return JSON.parse(prompts);
  } catch {
    return undefined;
  }
}

/** The keys of all rows, in order of appearance. */
export const findColumns = (rows) => [...new Set(rows.flatMap(Object.keys))].slice(0, MAX_COLUMNS);

export function printCell(value) {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
