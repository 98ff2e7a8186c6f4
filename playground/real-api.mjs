// Queries to any API but the stand-in: through the recorder, and without it where it cannot show
// the truth.

import { createQueue } from './queue.mjs';
import { startRecordedHost } from './recorded-host.mjs';
import { NothingPassed } from './recorder.mjs';
import { timed } from './timed.mjs';

const RECORDED =
  'Read on the way by a proxy on this machine, which connects to the API for the plugin.';

/** What the addon takes a proxy from; lower-case spellings count too. */
const PROXIES = ['TOOLJET_HTTP_PROXY', 'HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];
const proxyIn = (env) =>
  PROXIES.flatMap((name) => [name, name.toLowerCase()]).find((name) => env[name]?.trim());

/** `host` runs the plugin in this process, with nothing between it and the API. */
export function createRealApi({ plugin, host }) {
  const inTurn = createQueue();
  let recorded;

  async function close() {
    const running = recorded;
    recorded = undefined;
    await (await running?.catch(() => {}))?.close();
  }

  async function runUnrecorded(source, query, reason) {
    const answer = await timed(() => host.run(source, query));
    return { ...answer, requests: null, note: `Not recorded: ${reason}` };
  }

  async function runRecorded(source, query) {
    recorded ??= startRecordedHost({ plugin });
    const { value, requests } = await (await recorded).run(source, query);
    return { ...value, requests, note: RECORDED };
  }

  async function run(source, query) {
    const proxy = proxyIn(process.env);
    if (proxy) {
      const reason = `${proxy} is set, so the request goes through that proxy and not through the one that reads it.`;
      return runUnrecorded(source, query, reason);
    }
    try {
      return await runRecorded(source, query);
    } catch (error) {
      // It may still be at the call, which must not mix with the next one.
      await close();
      if (!(error instanceof NothingPassed)) throw error;
      const reason = `the proxy that reads requests got no connection (${error.message}), so the plugin made the call without it.`;
      return runUnrecorded(source, query, reason);
    }
  }

  return { run: (source, query) => inTurn(() => run(source, query)), close };
}
