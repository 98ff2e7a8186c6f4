import { setTimeout as sleep } from 'node:timers/promises';
import { createQuery } from '../query.mjs';
import { threadCount } from '../threads.mjs';

/** Runs queries to `hosts` new names at once, and returns the maximum number of threads. */
export async function burst({ file, baseUrl, length, hosts, watch }) {
  const query = createQuery({ file, baseUrl, length });
  const before = threadCount();
  let ended = 0;
  const count = () => {
    ended += 1;
  };
  for (let host = 0; host < hosts; host += 1) {
    // Names under .invalid do not exist (RFC 2606), but the resolver has to find that out.
    query(baseUrl.replace('localhost', `host-${host}.invalid`)).then(count, count);
  }
  const sent = performance.now();
  let most = before;
  do {
    most = Math.max(most, threadCount());
    await sleep(1);
  } while (ended < hosts && performance.now() - sent < watch);
  return { before, most, ended };
}
