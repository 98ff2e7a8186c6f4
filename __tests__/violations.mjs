// What OpenAI's document rejects in requests, the rows of uploaded batches included.

import { validateBatchRow, validateRequest } from './openapi.mjs';
import { rowsOf } from './plugin.mjs';

/** Returns what the document rejects in `requests`. */
export async function violationsIn(requests) {
  const found = requests.map(async (request) => {
    const { method, path, body } = request;
    const rows = (await rowsOf(request)).flatMap(validateBatchRow);
    return [...validateRequest(method, path, body), ...rows];
  });
  return (await Promise.all(found)).flat();
}
