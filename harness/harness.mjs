/**
 * Runs a plugin as ToolJet's server does: stores its text as base64, decodes it once, evaluates it
 * for every query, and turns its result or error into the response to the browser. It replaces the
 * server in tests, demo and benchmarks, and is not part of the product.
 *
 * Checked against the server code of ToolJet 2.15.1 (data_queries.controller.ts and
 * data_sources.service.ts) and, for ToolJet 3, of 3.20.
 */

import { loadPlugin } from './loaders.mjs';

/** The loader of each ToolJet, by its letter in loaders.mjs. */
const LOADERS = { 2: 'A', 3: 'E' };

/** `text` is the content of dist/index.js. With `devMode`, it is decoded for each query, as in ToolJet. */
export function createHarness({ text, tooljet = 3, loader = LOADERS[tooljet], devMode = false }) {
  const stored = Buffer.from(text, 'utf8').toString('base64');
  let decoded;

  function service() {
    if (decoded === undefined || devMode) decoded = Buffer.from(stored, 'base64').toString('utf8');
    return new (loadPlugin(decoded, { loader }))();
  }

  return {
    /** Resolves to the browser's response for a query. Never rejects. */
    async run(sourceOptions, queryOptions) {
      try {
        const plugin = service();
        const answer = plugin.run(sourceOptions, queryOptions, 'source-environment', new Date(), {
          user: { id: 'user' },
          app: { id: 'app', isPublic: false },
        });
        const timeout = tooljet === 2 ? undefined : queryOptions?.query_timeout;
        return asJson(await withinTimeout(answer, timeout));
      } catch (error) {
        return asJson(failedQuery(error, tooljet));
      }
    },

    /**
     * Resolves to the browser's response for "Test connection". Never rejects. `onError` gets the
     * plugin's own error, of which ToolJet 2 shows only the message.
     */
    async testConnection(sourceOptions, onError = () => {}) {
      try {
        return asJson(await service().testConnection(sourceOptions));
      } catch (error) {
        onError(error);
        return asJson(failedTest(error, tooljet));
      }
    },

    /**
     * Resolves to the response that the form of ToolJet 3 receives when it asks for a dropdown's
     * options. Rejects if the server would respond with HTTP 500. ToolJet asks only plugins whose
     * kind is in its WhitelistPluginGuard.
     */
    async invoke(method, sourceOptions, args) {
      try {
        const context = { user: { id: 'user' }, app: { id: 'app', isPublic: false } };
        const data = await service().invokeMethod(method, context, sourceOptions, args);
        return asJson({ status: 'ok', data });
      } catch (error) {
        if (error.constructor.name !== 'QueryError') throw error;
        const { message: errorMessage, data, metadata } = error;
        return asJson({ status: 'failed', data, errorMessage, metadata });
      }
    },
  };
}

/** ToolJet 2 drops `metadata`, and replaces the message of an error that is not a QueryError. */
function failedQuery(error, tooljet) {
  if (error.constructor.name === 'QueryError') {
    const { message, description, data, metadata } = error;
    const failure = { status: 'failed', message, description, data };
    return tooljet === 2 ? failure : { ...failure, metadata };
  }
  const unexpected = 'Internal server error';
  return {
    status: 'failed',
    message: tooljet === 2 ? unexpected : error.message || unexpected,
    description: error.message,
    data: tooljet === 2 ? {} : error.data || {},
  };
}

/** ToolJet 2 passes on only the message. */
function failedTest({ message, description, data }, tooljet) {
  if (tooljet === 2) return { status: 'failed', message };
  const details = data ? `\n - ${JSON.stringify(data)}` : '';
  return {
    status: 'failed',
    message: `${message}${description ? `: ${description}` : ''}${details}`,
  };
}

/** ToolJet 3 stops waiting after `query_timeout` milliseconds, without telling the plugin. */
async function withinTimeout(answer, queryTimeout) {
  const milliseconds = Number(queryTimeout);
  if (!Number.isFinite(milliseconds) || milliseconds <= 0) return answer;
  let timer;
  const expiry = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new QueryError(milliseconds)), milliseconds);
  });
  return Promise.race([answer, expiry]).finally(() => clearTimeout(timer));
}

class QueryError extends Error {
  constructor(milliseconds) {
    super('Query timed out');
    this.description = `Defined query timeout of ${milliseconds} ms exceeded.`;
    this.data = {};
  }
}

function asJson(value) {
  return JSON.parse(JSON.stringify(value));
}
