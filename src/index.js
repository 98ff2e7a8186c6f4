// The entry of the plugin. ToolJet evaluates this text again for every query, in a
// new vm context, so evaluating it does next to nothing: the addon is looked for
// at the first call, and what calls it is cached on `process`, which outlives the
// context. So V8 compiles that part well, and it takes turns with itself.
//
// Node 14 evaluates it too: built-ins only, and without the `node:` prefix. Values
// cross realms here (ToolJet's, this context's, Node-API's), so none is asked for
// its class.

// scripts/pack.mjs fills this in, one property per platform:
//   'linux-x64': { sha256: '...', packed() {/* base64 of the brotli of the addon */} },
// With `--external`, without `packed`: whoever builds the server's image puts the addon's file in place.
// V8 skips a comment in a function that is never called at almost no cost, which
// is not true of a string of that size; the comment is read through toString.
const ADDONS = {};
// And this, with the SHA-256 of this text and those it requires: other code does
// not use what this code has cached.
const CODE = '';

const RETRY_AFTER_MS = 10000;
/** Somebody waits in front of a form. */
const LIST_MS = 15000;

/** ToolJet recognizes it by the name of its constructor. */
class QueryError extends Error {
  constructor(message, description, data, metadata) {
    super(message);
    this.name = 'QueryError';
    this.description = description;
    this.data = data === undefined ? {} : data;
    // Newer hosts show it as `queries.<name>.metadata`, as that of a result.
    if (metadata !== undefined) this.metadata = metadata;
  }
}

class OpenAI {
  async run(sourceOptions, queryOptions) {
    return callAddon(
      (calls) => calls.run(sourceOptions, queryOptions),
      // Where there is any data, ToolJet 2 shows `data.message` and nothing else.
      (message) => new QueryError('Query could not be completed', message, { message }),
    );
  }

  async testConnection(sourceOptions) {
    return callAddon(
      (calls) => calls.testConnection(sourceOptions),
      // ToolJet prints `data` below the message, even an empty one.
      (message) =>
        new QueryError(
          'Connection could not be established: the plugin cannot run on this server',
          message,
          null,
        ),
    );
  }

  /**
   * Gives a Model field its list, in a ToolJet that lets its form ask for one. The form shows the message of an error,
   * and keeps the list with the query.
   */
  async invokeMethod(name, _context, sourceOptions) {
    const method = /^list(Chat|Image|Embedding|Transcription)?Models$/.exec(name);
    if (!method) {
      const message =
        'The plugin has no such method. It has listModels, and listChatModels and others like it.';
      throw new QueryError(message, message);
    }
    const query = { operation: 'list_models', purpose: method[1] || 'all', query_timeout: LIST_MS };
    try {
      const { data } = await this.run(sourceOptions, query);
      return { status: 'ok', data: data.map(({ value, label }) => ({ value, label })) };
    } catch ({ description, data, metadata }) {
      throw new QueryError(description, description, data, metadata);
    }
  }
}

/** What the addon resolves to. Its failures are data, which become a QueryError here. */
async function callAddon(call, cannotRun) {
  let result;
  try {
    const calls = loadedCalls();
    result = await call(calls);
    if (result.parts !== undefined) result = await calls.assembled(result.parts);
  } catch (error) {
    throw cannotRun(sentence(messageOf(error)));
  }
  if (result.status === 'failed') {
    const { message, description, data, metadata } = result;
    throw new QueryError(message, description, data, metadata);
  }
  return result;
}

function messageOf(error) {
  return error && typeof error.message === 'string' ? error.message : String(error);
}

function sentence(text) {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended[0].toUpperCase() + ended.slice(1);
}

function loadedCalls() {
  if (typeof require !== 'function' || typeof process !== 'object') {
    throw new Error(
      'this ToolJet server does not give plugins `require` and `process`, which native addons need',
    );
  }
  const platform = `${process.platform}-${process.arch}`;
  const addon = ADDONS[platform];
  if (!addon) {
    const packed = Object.keys(ADDONS).join(', ') || 'no platform';
    throw new Error(
      `this build of the plugin has native addons for ${packed}, but the server runs on ${platform}`,
    );
  }
  const name = `tooljet-openai/${addon.sha256}${CODE}`;
  return process[Symbol.for(name)] || firstLoad(addon, name);
}

function firstLoad(addon, name) {
  const calls = cached(name);
  if (calls) return calls;
  // Every attempt unpacks the addon on the thread that serves all users, so a
  // server where it cannot load does not try again for each query.
  const failed = cached(`${name}/failure`);
  if (failed && Date.now() - failed.at < RETRY_AFTER_MS) throw failed.error;
  try {
    return cache(name, require('./entry/calls')(require('./entry/load')(addon)));
  } catch (error) {
    cache(`${name}/failure`, { error, at: Date.now() });
    throw error;
  }
}

function cached(name) {
  return cachePlaces().find((place) => Symbol.for(name) in place)?.[Symbol.for(name)];
}

function cache(name, value) {
  const property = { value, configurable: true };
  cachePlaces().find((place) => Reflect.defineProperty(place, Symbol.for(name), property));
  return value;
}

/** Where `process` takes no new property, the cache of the host's modules may. */
function cachePlaces() {
  return [process, require.cache].filter((place) => typeof place === 'object');
}

/**
 * ToolJet 2 makes each evaluation a child of its main module, which keeps all its children. A module
 * that was required stays where it is: `require.cache` has it once.
 */
function leaveParent() {
  const siblings = module.parent?.children;
  if (!siblings || require.cache[module.filename] === module) return;
  // From the end, as other plugins leave thousands there.
  const at = siblings.lastIndexOf(module);
  if (at >= 0) siblings.splice(at, 1);
}

leaveParent();

// With this, `import OpenAI from 'tooljet-openai'` in TypeScript is the class.
module.exports.__esModule = true;
module.exports.default = OpenAI;
module.exports.QueryError = QueryError;
