/**
 * The endpoints that only one operation uses are the `mock` of its definition, by their paths below the base URL:
 *
 * | member | meaning |
 * |---|---|
 * | `serves` | the kind of its models |
 * | `models` | the ids of the models that only it serves, unless models.mjs has them |
 * | `isForm` | whether it expects a form with files instead of JSON; see form.mjs |
 * | `answer` | turns a request body into a response body, or throws the API's failure; its second argument contains the `files` of a form |
 * | `example` | a request with as many members as possible, for the tests |
 */

import { OPERATIONS } from '../forms/operations.mjs';

export const ENDPOINTS = OPERATIONS.flatMap(({ mock = {} }) =>
  Object.entries(mock).map(([path, endpoint]) => ({ path, ...endpoint })),
);
