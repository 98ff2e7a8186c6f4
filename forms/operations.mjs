/**
 * The operations in the order of the dropdown. Each file in operations/ defines one:
 *
 * | member | meaning |
 * |---|---|
 * | `value`, `name`, `order` | key, label and place in the dropdown |
 * | `summary` | what it does, in a few words after its name |
 * | `endpoints` | the API's paths that it uses, in order |
 * | `types`, `data`, `metadata` | TypeScript: the names of its options, its result and its metadata |
 * | `declarations` | TypeScript of the types that only this operation has; index.d.ts declares those that others have, too |
 * | `basic`, `advanced` | fields in the order of the form: always shown, and shown while Advanced is on. Without `advanced`, there is no such switch |
 * | `saved` | keys that only saved queries still contain |
 * | `about`, `notes` | the text of its section in docs/openai.md, before the parameters and after the examples |
 * | `examples` | `{title, query, result}`: for the playground and, with `result`, for docs/openai.md. The tests run them |
 * | `trial` | `{query, answer}`: what the tests run it with, and, unless `mock` has it, the response of its first endpoint |
 * | `savedQuery` | `{query, path, body}`: a query that its form saved, and the request that it must keep sending |
 * | `mock` | its endpoints in the mock API by their paths, unless other operations ask them, too; mock-api/endpoints.mjs says what each has. What takes much code is a module of mock-api/ |
 */

import { readdirSync } from 'node:fs';
import chat from './operations/chat.mjs';

const files = readdirSync(new URL('operations/', import.meta.url));
const defined = await Promise.all(files.map((file) => import(`./operations/${file}`)));

export const OPERATIONS = defined
  .map((file) => file.default)
  .toSorted((one, other) => one.order - other.order);

export const DEFAULT_OPERATION = chat.value;
