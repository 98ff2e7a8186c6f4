// dist/operations.d.ts: the options of the data source, and the options and results of each operation.

import { readFileSync } from 'node:fs';
import { optionTypes } from './option-types.mjs';
import { resultTypes } from './result-types.mjs';

const byHand = readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8');
const names = [...byHand.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name);

export function operationTypes() {
  const types = `${optionTypes()}\n\n${resultTypes()}\n`;
  const used = names.filter((name) => new RegExp(`\\b${name}\\b`).test(types));
  const imports = `import type {\n${used.map((name) => `  ${name},`).join('\n')}\n} from '../index';`;
  return `// Written by \`npm run build\` from forms/.\n\n${imports}\n\n${types}`;
}
