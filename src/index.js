// The entry of the plugin. ToolJet evaluates this text anew for every query, in a
// new vm context, so evaluating it does next to nothing: the addon is looked for
// at the first call, and its binding is parked on `process`, which outlives the
// context.
//
// Node 14 evaluates it too: built-ins only, and without the `node:` prefix. Values
// cross realms here (ToolJet's, this context's, Node-API's), so none is asked for
// its class.

// scripts/pack.mjs fills this in, one property per platform:
//   'linux-x64': { sha256: '…', packed() {/* base64 of the brotli of the addon */} },
// V8 skips a comment in a function that is never called at almost no cost, which
// is not true of a string of that size; the comment is read through toString.
const ADDONS = {};

const RETRY_AFTER_MS = 10000;

/** ToolJet recognises it by the name of its constructor. */
class QueryError extends Error {
  constructor(message, description, data) {
    super(message);
    this.name = 'QueryError';
    this.description = description;
    this.data = data === undefined ? {} : data;
  }
}

class OpenAI {
  async run(sourceOptions, queryOptions) {
    return outcome('Query could not be completed', (binding) =>
      binding.run(sourceOptions, queryOptions),
    );
  }

  async testConnection(sourceOptions) {
    try {
      return await outcome('Connection could not be established', (binding) =>
        binding.testConnection(sourceOptions),
      );
    } catch (error) {
      // ToolJet prints `data` below the message, even an empty one.
      if (error.data && Object.keys(error.data).length === 0) error.data = null;
      throw error;
    }
  }
}

/** What the addon answers; its failures are data, which become a QueryError here. */
async function outcome(failure, call) {
  let answer;
  try {
    answer = await call(loadedBinding());
  } catch (error) {
    throw new QueryError(failure, messageOf(error));
  }
  if (answer.status === 'failed') {
    throw new QueryError(answer.message, answer.description, answer.data);
  }
  return answer;
}

function messageOf(error) {
  return error && typeof error.message === 'string' ? error.message : String(error);
}

function loadedBinding() {
  if (typeof require !== 'function' || typeof process !== 'object') {
    throw new Error(
      'this ToolJet server gives plugins no `require` and `process`, which a native addon cannot be loaded without',
    );
  }
  const platform = `${process.platform}-${process.arch}`;
  const addon = ADDONS[platform];
  if (!addon) {
    const packed = Object.keys(ADDONS).join(', ') || 'no platform';
    throw new Error(
      `this build of the plugin holds its native addon for ${packed}, and the server runs on ${platform}`,
    );
  }
  const name = `tooljet-openai/${addon.sha256}`;
  return process[Symbol.for(name)] || firstLoad(addon, name);
}

function firstLoad(addon, name) {
  // Every attempt unpacks the addon on the thread that serves all users, so a
  // server where it cannot load does not try again for each query.
  const failed = process[Symbol.for(`${name}/failure`)];
  if (failed && Date.now() - failed.at < RETRY_AFTER_MS) throw failed.error;
  try {
    const binding = require('./entry/load')(addon);
    park(name, binding);
    return binding;
  } catch (error) {
    park(`${name}/failure`, { error, at: Date.now() });
    throw error;
  }
}

function park(name, value) {
  Object.defineProperty(process, Symbol.for(name), { value, configurable: true });
}

module.exports.default = OpenAI;
module.exports.QueryError = QueryError;
