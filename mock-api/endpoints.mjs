/**
 * The endpoints that only one operation asks are the `mock` of its definition, by their paths below the base URL:
 *
 * | member | meaning |
 * |---|---|
 * | `serves` | the kind of its models |
 * | `models` | the ids of the models that only it serves, unless models.mjs has them |
 * | `isForm` | whether it takes a form with files and not JSON; see form.mjs |
 * | `answer` | turns the body of a request into that of the response, or throws the API's failure; its second argument has the `files` of a form |
 * | `example` | a request with as many members as there can be, for the tests |
 */

import { OPERATIONS } from '../forms/operations.mjs';

export const ENDPOINTS = OPERATIONS.flatMap(({ mock = {} }) =>
  Object.entries(mock).map(([path, endpoint]) => ({ path, ...endpoint })),
);
