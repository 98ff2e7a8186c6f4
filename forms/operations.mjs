/**
 * The operations in the order of the dropdown. Each file in operations/ defines one:
 *
 * | member | meaning |
 * |---|---|
 * | `value`, `name`, `order` | key, label and place in the dropdown |
 * | `summary` | what it does, in a few words after its name |
 * | `endpoints` | the paths of the API that it asks, the first one first |
 * | `types`, `data`, `metadata` | TypeScript: the names of its options, its result and its metadata |
 * | `declarations` | TypeScript of the types that only this operation has; index.d.ts declares those that others have, too |
 * | `basic`, `advanced` | fields in the order of the form: always shown, and shown while Advanced is on. Without `advanced`, there is no such switch |
 * | `saved` | keys that only saved queries still contain |
 * | `about`, `notes` | the text of its section in docs/openai.md, before the parameters and after the examples |
 * | `examples` | `{title, query, result}`: for the playground and, with `result`, for docs/openai.md. The tests run them |
 * | `trial` | `{query, answer}`: what the tests run it with, and what its first endpoint answers, unless another operation says so |
 */

import { readdirSync } from 'node:fs';
import chat from './operations/chat.mjs';

const files = readdirSync(new URL('operations/', import.meta.url));
const defined = await Promise.all(files.map((file) => import(`./operations/${file}`)));

export const OPERATIONS = defined
  .map((file) => file.default)
  .toSorted((one, other) => one.order - other.order);

export const DEFAULT_OPERATION = chat.value;
