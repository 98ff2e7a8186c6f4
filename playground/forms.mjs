// The two forms as ToolJet's browser gets them: the data source's as it is, the query's with
// every object key de-camelised.

import { readFileSync } from 'node:fs';
import humps from 'humps';

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

export function readForms() {
  return {
    manifest: read('manifest.json'),
    operations: humps.decamelizeKeys(read('operations.json')),
  };
}
