// What of a plugin's query form reaches the browser.

import humps from 'humps';

/** ToolJet 2 sends operations.json as it is stored, ToolJet 3 with every key de-camelised. */
export const receivedOperations = (operations, tooljet) =>
  tooljet === 2 ? operations : humps.decamelizeKeys(operations);
