// What ToolJet's server does with an installed plugin: keeps its text as base64, decodes it once,
// evaluates it for every query, and turns what it returns or throws into what the browser gets.
// Stands in for the server in tests, demo and benchmarks; the product does not contain it.

import { loadPlugin } from './loaders.mjs';

/** `text` is that of dist/index.js; with `devMode` it is decoded for each query, as ToolJet does then. */
export function createHost({ text, loader = 'E', devMode = false }) {
  const stored = Buffer.from(text, 'utf8').toString('base64');
  let decoded;

  function service() {
    if (decoded === undefined || devMode) decoded = Buffer.from(stored, 'base64').toString('utf8');
    return new (loadPlugin(decoded, { loader }))();
  }

  return {
    /** Resolves to what the browser receives for a query; never rejects. */
    async run(sourceOptions, queryOptions) {
      try {
        const plugin = service();
        const answer = plugin.run(sourceOptions, queryOptions, 'source-environment', new Date(), {
          user: { id: 'user' },
          app: { id: 'app', isPublic: false },
        });
        return asJson(await withinTimeout(answer, queryOptions?.query_timeout));
      } catch (error) {
        return asJson(failedQuery(error));
      }
    },

    /** Resolves to what the browser receives for a press of "Test connection"; never rejects. */
    async testConnection(sourceOptions) {
      try {
        return asJson(await service().testConnection(sourceOptions));
      } catch (error) {
        return asJson(failedTest(error));
      }
    },
  };
}

function failedQuery(error) {
  if (error.constructor.name === 'QueryError') {
    const { message, description, data, metadata } = error;
    return { status: 'failed', message, description, data, metadata };
  }
  return {
    status: 'failed',
    message: error.message || 'Internal server error',
    description: error.message,
    data: error.data || {},
  };
}

function failedTest({ message, description, data }) {
  const details = data ? `\n - ${JSON.stringify(data)}` : '';
  return {
    status: 'failed',
    message: `${message}${description ? `: ${description}` : ''}${details}`,
  };
}

/** ToolJet stops waiting after `query_timeout` milliseconds; the plugin is not told. */
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
