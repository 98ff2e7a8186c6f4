// The two forms as stored; the page draws what its ToolJet would receive.

import { readFileSync } from 'node:fs';

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

export const readForms = () => ({
  manifest: read('manifest.json'),
  operations: read('operations.json'),
});
