// The playground's server: the built page and its calls. It acts as ToolJet's server and listens on
// the loopback interface only.

import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { KEY_PREFIX } from '../mock-api/auth.mjs';
import { createCalls } from './calls.mjs';
import { readForms } from './forms.mjs';
import { rejectionReason } from './gate.mjs';
import { readPage } from './page-files.mjs';

const PAGE = fileURLToPath(new URL('dist/', import.meta.url));
const MOCK_API_KEY = `${KEY_PREFIX}-playground`;
/** ToolJet's own limit on a request. */
const MAX_BODY_BYTES = 50 * 1024 * 1024;

/** `plugin` is the text of dist/index.js, `mockApi` a running mock API. */
export async function startPlayground({ plugin, mockApi, port = 0 }) {
  const page = readPage(PAGE);
  const calls = createCalls({ plugin, mockApi });
  const routes = {
    'GET /api/setup': () => ({
      ...readForms(),
      mockApi: { apiKey: MOCK_API_KEY, base_url: mockApi.baseUrl, keyPrefix: KEY_PREFIX },
    }),
    'POST /api/test-connection': calls.testConnection,
    'POST /api/run': calls.run,
  };

  async function answer(request, response) {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const refusal = rejectionReason(request, server.address().port);
    if (refusal) {
      sendJson(response, 403, { error: refusal });
      return;
    }
    const path = request.url.split('?')[0];
    const file = request.method === 'GET' && page.get(path);
    if (file) {
      response.writeHead(200, file.headers).end(file.body);
      return;
    }
    const route = routes[`${request.method} ${path}`];
    if (!route) {
      sendJson(response, 404, { error: `There is nothing at ${request.method} ${path}.` });
      return;
    }
    const body = request.method === 'POST' && (await readJson(request));
    sendJson(response, 200, await route(body, gone.signal));
  }

  const server = http.createServer((request, response) => {
    answer(request, response).catch((error) => {
      sendJson(response, error.status ?? 500, { error: error.message });
    });
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, calls.close()]);
    },
  };
}

async function readJson(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw Object.assign(new Error('The body is too large.'), { status: 413 });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw Object.assign(new Error('The request is not JSON.'), { status: 400 });
  }
}

function sendJson(response, status, body) {
  const headers = { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, headers).end(JSON.stringify(body));
}
