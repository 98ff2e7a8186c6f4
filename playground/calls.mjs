// What the two buttons of the page do: a call of the plugin as ToolJet's server makes it, and what
// there is to see of it afterwards.

import { createHost } from '../host/host.mjs';
import { redactOptions, redactRequest } from './redaction.mjs';
import { fillIn } from './templates.mjs';

/** `plugin` is the text of dist/index.js, `standIn` a running stand-in for OpenAI's API. */
export function createCalls({ plugin, standIn }) {
  const host = createHost({ text: plugin, loader: 'E' });
  let last = Promise.resolve();

  /** One at a time, so that the requests in the stand-in's log are those of this call. */
  function recorded(call) {
    const turn = last.then(async () => {
      standIn.requests.length = 0;
      const answer = await timed(call);
      return { ...answer, requests: standIn.requests.map(redactRequest) };
    });
    last = turn.catch(() => {});
    return turn;
  }

  /** Requests to any other API go out of the addon itself, where nobody can look at them. */
  async function unrecorded(call) {
    return { ...(await timed(call)), requests: null };
  }

  async function make(call, source) {
    return originOf(source.base_url) === standIn.url ? recorded(call) : unrecorded(call);
  }

  return {
    async testConnection({ options }) {
      const source = flat(options);
      return make(() => host.testConnection(source), source);
    },

    /** `values` are those of the templates in `query`, as the browser evaluated them. */
    async run({ options, query, values }) {
      const source = flat(options);
      const filledIn = fillIn(query, values);
      const answer = await make(() => host.run(source, filledIn), source);
      return {
        ...answer,
        options: { source: redactOptions(source, encryptedKeys(options)), query: filledIn },
      };
    },
  };
}

async function timed(call) {
  const started = performance.now();
  const result = await call();
  return { result, elapsedMs: performance.now() - started };
}

const originOf = (url) => (URL.canParse(url) ? new URL(url).origin : undefined);

const encryptedKeys = (options) => Object.keys(options).filter((key) => options[key].encrypted);

/** `{key: {value, encrypted}}` as the plugin gets it; a secret that is not there is an empty text. */
function flat(options) {
  return Object.fromEntries(
    Object.entries(options).map(([key, { value, encrypted }]) => [
      key,
      encrypted ? (value ?? '') : value,
    ]),
  );
}
