import { useState } from 'preact/hooks';

/** In an app, what starts a batch is another query than what gets it. By operation: the name that it has here. */
const NAMES = { batch_start: 'startBatch' };

/** `queries` with the last result that `result` has added, if another query refers to such a result. */
export function withResult(queries, operation, { data, metadata }) {
  const name = NAMES[operation];
  return name ? { ...queries, [name]: { data, metadata } } : queries;
}

/** The results of this tab that `{{queries.…}}` refers to. */
export function useQueries() {
  const [value, setValue] = useState({});
  return {
    value,
    add: (operation, result) => setValue((queries) => withResult(queries, operation, result)),
  };
}
