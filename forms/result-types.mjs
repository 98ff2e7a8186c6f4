// The results in dist/operations.d.ts: the types that only one operation has, and the type of each operation's result.

import { OPERATIONS } from './operations.mjs';

const table = (doc, name, member) =>
  [
    `/** ${doc} */`,
    `export interface ${name} {`,
    ...OPERATIONS.map((operation) => `  ${operation.value}: ${operation[member]};`),
    '}',
  ].join('\n');

export function resultTypes() {
  return [
    ...OPERATIONS.map(({ declarations }) => declarations?.trim()).filter(Boolean),
    table('The `data` of each operation.', 'OperationData', 'data'),
    table('The `metadata` of each operation.', 'OperationMetadata', 'metadata'),
  ].join('\n\n');
}
