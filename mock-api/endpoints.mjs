/**
 * The endpoints that have a file of their own in endpoints/:
 *
 * | member | meaning |
 * |---|---|
 * | `path` | below the base URL |
 * | `serves` | the kind of its models |
 * | `models` | the ids of the models that only it serves, unless models.mjs has them |
 * | `isForm` | whether it takes a form with files and not JSON; see form.mjs |
 * | `answer` | turns the body of a request into that of the response, or throws the API's failure; its second argument has the `files` of a form |
 * | `example` | a request with as many members as there can be, for the tests |
 */

import { readdirSync } from 'node:fs';

const files = readdirSync(new URL('endpoints/', import.meta.url));
const defined = await Promise.all(files.map((file) => import(`./endpoints/${file}`)));

export const ENDPOINTS = defined.map((file) => file.default);
