import { createQuery } from '../query.mjs';

/** The first query of a process, in milliseconds. */
export async function cold({ file, baseUrl, length }) {
  const query = createQuery({ file, baseUrl, length });
  const start = performance.now();
  await query();
  return { first: performance.now() - start };
}
