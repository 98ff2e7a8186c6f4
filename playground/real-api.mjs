// Queries to any API except the mock API: through the recorder, or without it if it would change
// the result.

import { once } from 'node:events';
import { createQueue } from './queue.mjs';
import { startRecordedHarness } from './recorded-harness.mjs';
import { NotForwarded } from './recorder.mjs';
import { timed } from './timed.mjs';

const RECORDED = 'Recorded by a proxy on this machine that connects to the API for the plugin.';

/** The variables from which the addon reads a proxy, also in lower case. */
const PROXIES = ['TOOLJET_HTTP_PROXY', 'HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];
const proxyIn = (env) =>
  PROXIES.flatMap((name) => [name, name.toLowerCase()]).find((name) => env[name]?.trim());

/** `harnesses` run the plugin in this process, directly connected to the API. */
export function createRealApi({ plugin, harnesses }) {
  const inTurn = createQueue();
  const closing = new AbortController();
  let recorded;

  async function endRecorded() {
    const running = recorded;
    recorded = undefined;
    await (await running?.catch(() => {}))?.close();
  }

  async function runUnrecorded({ source, query, tooljet }, reason) {
    const answer = await timed(() => harnesses.get(tooljet).run(source, query));
    return { ...answer, requests: null, note: `Not recorded: ${reason}` };
  }

  async function runRecorded(call) {
    // The process may have ended since the last query.
    if (recorded && !(await recorded).isRunning()) await endRecorded();
    recorded ??= startRecordedHarness({ plugin });
    const { value, requests } = await (await recorded).run(call);
    return { ...value, requests, note: RECORDED };
  }

  /** Fails at once when `signal` is aborted, so that no query waits for a canceled one. */
  async function run(call, signal) {
    signal.throwIfAborted();
    const aborted = once(signal, 'abort').then(() => signal.throwIfAborted());
    const unrecorded = (reason) => Promise.race([runUnrecorded(call, reason), aborted]);
    const proxy = proxyIn(process.env);
    if (proxy) {
      return unrecorded(
        `${proxy} is set, so the plugin uses that proxy instead of the one that records requests.`,
      );
    }
    try {
      return await Promise.race([runRecorded(call), aborted]);
    } catch (error) {
      // It may still be running the call, which must not mix with the next one.
      await endRecorded();
      signal.throwIfAborted();
      if (!(error instanceof NotForwarded)) throw error;
      return unrecorded(
        `the recording proxy could not connect (${error.message}), so the plugin made the call without it.`,
      );
    }
  }

  return {
    /** Runs `{source, query, tooljet}`, and cancels the query when `signal` is aborted. */
    run(call, signal) {
      const ending = AbortSignal.any([signal, closing.signal]);
      return inTurn(() => run(call, ending));
    },
    async close() {
      closing.abort();
      await endRecorded();
    },
  };
}
