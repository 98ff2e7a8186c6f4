// The calls behind the page's two buttons: each calls the plugin as ToolJet's server does, and
// returns what the page shows.

import { once } from 'node:events';
import { createHarnesses } from './harnesses.mjs';
import { createQueue } from './queue.mjs';
import { createRealApi } from './real-api.mjs';
import { redactOptions, redactRequest, secretsIn } from './redaction.mjs';
import { fillIn } from './templates.mjs';
import { timed } from './timed.mjs';

/** `plugin` is the text of dist/index.js, `mockApi` a running mock API. */
export function createCalls({ plugin, mockApi }) {
  const harnesses = createHarnesses(plugin);
  const realApi = createRealApi({ plugin, harnesses });
  const inTurn = createQueue();
  mockApi.recordResponses();
  const isAtMockApi = ({ base_url: url }) =>
    URL.canParse(url) && new URL(url).origin === mockApi.url;

  /** The mock API keeps its own log. When `signal` is aborted, the next query does not wait. */
  const runAtMockApi = ({ source, query, tooljet }, signal) =>
    inTurn(async () => {
      signal.throwIfAborted();
      const aborted = once(signal, 'abort').then(() => signal.throwIfAborted());
      mockApi.requests.length = 0;
      const run = timed(() => harnesses.get(tooljet).run(source, query));
      const answer = await Promise.race([run, aborted]);
      const requests = mockApi.requests.map((request) => ({ ...request, origin: mockApi.url }));
      return { ...answer, requests };
    });

  return {
    /** `code` is that of the plugin's error, which the response of ToolJet 2 lacks. */
    async testConnection({ options, tooljet = 3 }) {
      const source = flat(options);
      let code;
      const test = () =>
        harnesses.get(tooljet).testConnection(source, ({ data }) => {
          code = data?.code;
        });
      const result = await (isAtMockApi(source) ? inTurn(test) : test());
      return { result, code };
    },

    /**
     * `values` are those of the templates in `query`, as the browser evaluated them; `tooljet` is
     * the one to imitate, 2 or 3. Aborting `signal` ends the query.
     */
    async run({ options, query, values, tooljet = 3 }, signal) {
      const source = flat(options);
      const filledIn = fillIn(query, values, tooljet);
      const run = isAtMockApi(source) ? runAtMockApi : realApi.run;
      const { requests, ...answer } = await run({ source, query: filledIn, tooljet }, signal);
      const encrypted = encryptedKeys(options);
      const secrets = secretsIn(source, encrypted);
      return {
        ...answer,
        requests: requests?.map((request) => redactRequest(request, secrets)) ?? null,
        options: { source: redactOptions(source, encrypted), query: filledIn },
      };
    },

    close: realApi.close,
  };
}

const encryptedKeys = (options) => Object.keys(options).filter((key) => options[key].encrypted);

/**
 * Turns `{key: {value, encrypted}}` into what the plugin gets; a missing secret is an empty string.
 */
function flat(options) {
  return Object.fromEntries(
    Object.entries(options).map(([key, { value, encrypted }]) => [
      key,
      encrypted ? (value ?? '') : value,
    ]),
  );
}
