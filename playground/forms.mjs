// The two forms as stored (the page draws what its ToolJet would receive), and examples for them.

import { readFileSync } from 'node:fs';
import { EXAMPLES } from './examples.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

export const readForms = () => ({
  manifest: read('manifest.json'),
  operations: read('operations.json'),
  examples: EXAMPLES,
});
