// A process that handles plugins as ToolJet's server does, over HTTP and with a database file:
// `node tooljet-server.mjs`, with TOOLJET_MARKETPLACE_URL, DATABASE and LOCKBOX_MASTER_KEY set.

import http from 'node:http';
import { json } from 'node:stream/consumers';
import { fillIn } from '../../playground/templates.mjs';
import { openDatabase } from './database.mjs';
import { HttpError } from './http-error.mjs';
import { createPlugins } from './plugins.mjs';
import { ADMIN, BUILDER, REGISTRY, WORKSPACE } from './workspace.mjs';

const { DATABASE, LOCKBOX_MASTER_KEY, TOOLJET_MARKETPLACE_URL } = process.env;
const database = openDatabase(DATABASE, LOCKBOX_MASTER_KEY);
const plugins = createPlugins({ database, marketplace: TOOLJET_MARKETPLACE_URL });

const UUID = '([0-9a-f-]{36})';
const ROUTES = [
  { route: 'GET /api/plugins', answer: () => plugins.all() },
  { route: 'POST /api/plugins/install', admin: true, answer: (body) => plugins.install(body) },
  {
    route: `PATCH /api/plugins/${UUID}`,
    admin: true,
    answer: (body, id) => plugins.upgrade(id, body),
  },
  { route: 'POST /api/data-sources', answer: createDataSource },
  { route: `POST /api/data-sources/${UUID}/test-connection`, answer: testConnection },
  { route: 'POST /api/data-queries', answer: createQuery },
  { route: `POST /api/data-queries/${UUID}/run`, answer: runQuery },
].map(({ route, ...rest }) => ({ ...rest, pattern: new RegExp(`^${route}$`) }));

/**
 * `options` is `[{key, value, encrypted}]`, as the form sends it; secrets are in a separate table.
 */
function createDataSource({ kind, plugin_id, options }) {
  const stored = options.map(({ key, value, encrypted = false }) => [
    key,
    encrypted
      ? { credential_id: database.insertCredential(value), encrypted }
      : { value, encrypted },
  ]);
  return {
    id: database.insert('data_sources', {
      kind,
      plugin_id,
      options: JSON.stringify(Object.fromEntries(stored)),
    }),
  };
}

function dataSource(id) {
  const { plugin_id, options } = database.get('SELECT * FROM data_sources WHERE id = ?', id);
  const values = Object.entries(JSON.parse(options)).map(([key, { value, credential_id }]) => [
    key,
    credential_id ? database.credential(credential_id) : value,
  ]);
  return { harness: plugins.harness(plugin_id), sourceOptions: Object.fromEntries(values) };
}

function testConnection(_body, id) {
  const { harness, sourceOptions } = dataSource(id);
  return harness.testConnection(sourceOptions);
}

function createQuery({ data_source_id, options }) {
  return {
    id: database.insert('data_queries', { data_source_id, options: JSON.stringify(options) }),
  };
}

/** `resolvedOptions` are the values of the templates, which the browser evaluates. */
function runQuery({ resolvedOptions = {} }, id) {
  const { data_source_id, options } = database.get('SELECT * FROM data_queries WHERE id = ?', id);
  const { harness, sourceOptions } = dataSource(data_source_id);
  return harness.run(sourceOptions, fillIn(JSON.parse(options), resolvedOptions));
}

function checkAccess({ headers }, { admin }) {
  const [, session] = /(?:^|; )tj_auth_token=([^;]*)/.exec(headers.cookie ?? '') ?? [];
  if (![ADMIN, BUILDER].includes(session) || headers['tj-workspace-id'] !== WORKSPACE) {
    throw new HttpError(401, 'Unauthorized');
  }
  if (admin && session !== ADMIN) {
    throw new HttpError(403, 'You do not have permission to access this resource');
  }
}

async function answer(request) {
  const asked = `${request.method} ${request.url}`;
  const route = ROUTES.find(({ pattern }) => pattern.test(asked));
  if (!route) throw new HttpError(404, `Cannot ${asked}`);
  checkAccess(request, route);
  const body = request.method === 'GET' ? undefined : await json(request);
  return route.answer(body, route.pattern.exec(asked)[1]);
}

const server = http.createServer(async (request, response) => {
  const respond = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(body));
  };
  if (request.url === '/assets/marketplace/plugins.json') return respond(200, REGISTRY);
  if (!request.url.startsWith('/api/')) {
    // The page of the app, whatever the path.
    response.writeHead(200, { 'content-type': 'text/html' });
    return response.end('<!doctype html><title>ToolJet</title>');
  }
  try {
    return respond(request.method === 'POST' ? 201 : 200, await answer(request));
  } catch (error) {
    const status = error instanceof HttpError ? error.status : 500;
    const { message } = error;
    const timestamp = new Date().toISOString();
    return respond(status, { statusCode: status, timestamp, path: request.url, message });
  }
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  database.close();
});
