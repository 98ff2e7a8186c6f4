// The part of a plugin's query form that reaches the browser.

import humps from 'humps';

/** ToolJet 2 sends operations.json as stored, and ToolJet 3 with every key de-camelized. */
export const receivedOperations = (operations, tooljet) =>
  tooljet === 2 ? operations : humps.decamelizeKeys(operations);
