// The part of a plugin's query form that reaches the browser.

import humps from 'humps';

/** ToolJet 2 sends operations.json as stored; ToolJet 3 de-camelizes every key. */
export const receivedOperations = (operations, tooljet) =>
  tooljet === 2 ? operations : humps.decamelizeKeys(operations);
