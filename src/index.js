// The entry of the plugin. ToolJet evaluates this text again for every query, in a new vm context,
// so evaluation does almost nothing: the addon is loaded at the first call, and the code that calls
// it is cached on `process`, which outlives the context. That way V8 also optimizes this code, and
// calls can take turns.
//
// It must run on Node 14: built-ins only, and without the `node:` prefix. Values cross realms
// (ToolJet's, this context's, Node-API's), so nothing relies on `instanceof`.

// scripts/pack.mjs fills this in, one property per platform:
//   'linux-x64': { sha256: '...', packed() {/* base64 of the brotli of the addon */} },
// With `--external`, without `packed`: whoever builds the server's image puts the addon's file in place.
// V8 skips a comment in a function that is never called at almost no cost, unlike a string of that
// size; toString returns the comment.
const ADDONS = {};
// Also filled in: the SHA-256 of this text and its modules, so that other code does not use what
// this code has cached.
const CODE = '';

const RETRY_AFTER_MS = 10000;
/** Time limit for listing models, because a person waits at the form. */
const LIST_MS = 15000;

/** ToolJet recognizes this class by its name. */
class QueryError extends Error {
  constructor(message, description, data, metadata) {
    super(message);
    this.name = 'QueryError';
    this.description = description;
    this.data = data === undefined ? {} : data;
    // Newer hosts show it as `queries.<name>.metadata`, like that of a result.
    if (metadata !== undefined) this.metadata = metadata;
  }
}

class OpenAI {
  async run(sourceOptions, queryOptions) {
    return callAddon(
      (calls) => calls.run(sourceOptions, queryOptions),
      // If there is any data, ToolJet 2 shows only `data.message`.
      (message) => new QueryError('Query could not be completed', message, { message }),
    );
  }

  async testConnection(sourceOptions) {
    return callAddon(
      (calls) => calls.testConnection(sourceOptions),
      // ToolJet prints `data` below the message, even if it is empty.
      (message) =>
        new QueryError(
          'Connection could not be established: the plugin cannot run on this server',
          message,
          null,
        ),
    );
  }

  /**
   * Lists models for a Model field, in a ToolJet whose form can ask for them. The form shows the
   * message of an error, and saves the list with the query.
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

/** Returns the addon's result. Its failures are plain data, which become a QueryError here. */
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
  // Each attempt unpacks the addon on the thread that serves all users, so a failure is remembered
  // instead of repeated for each query.
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

/** If `process` is not extensible, the host's module cache may be. */
function cachePlaces() {
  return [process, require.cache].filter((place) => typeof place === 'object');
}

/**
 * In ToolJet 2, each evaluation becomes a child of the main module, which keeps all its children. A
 * required module stays, because `require.cache` has it anyway.
 */
function leaveParent() {
  const siblings = module.parent?.children;
  if (!siblings || require.cache[module.filename] === module) return;
  // Search from the end, because other plugins leave thousands there.
  const at = siblings.lastIndexOf(module);
  if (at >= 0) siblings.splice(at, 1);
}

leaveParent();

// Makes `import OpenAI from 'tooljet-openai'` in TypeScript return the class.
module.exports.__esModule = true;
module.exports.default = OpenAI;
module.exports.QueryError = QueryError;
