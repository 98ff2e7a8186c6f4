// A marketplace origin for ToolJet's server: serves this plugin's files from a folder, and passes
// every other request to ToolJet's own origin.

import http from 'node:http';
import https from 'node:https';
import { FILES, readFile, readPlugin } from './built-plugin.mjs';

/** The origin that ToolJet's server uses if TOOLJET_MARKETPLACE_URL is not set. */
export const TOOLJET_MARKETPLACE = 'https://tooljet-plugins-production.s3.us-east-2.amazonaws.com';

const ADDRESS = '127.0.0.1';
/** Host names that requests may use, optionally with a port. */
const OWN_NAMES = new Set([ADDRESS, 'localhost', '[::1]']);

const UPSTREAM_TIMEOUT_MS = 30_000;
const VIA = '1.1 tooljet-openai';

// Downloads are anonymous: neither cookies nor credentials go to the upstream.
const PASSED_REQUEST_HEADERS = ['accept', 'accept-encoding', 'if-none-match', 'if-modified-since'];
const PASSED_RESPONSE_HEADERS = [
  ...['content-type', 'content-length', 'content-encoding', 'etag', 'last-modified'],
  ...['cache-control', 'location', 'vary'],
];

/** Resolves to the running origin; `log` receives a line for every request. */
export async function startMarketplace({ folder, upstream, port, log }) {
  const { id } = readPlugin(folder);
  const own = `/marketplace-assets/${id}/`;

  const server = http.createServer((request, response) => {
    const asked = `${request.method} ${request.url}`;
    response.once('finish', () => log(`${asked} ${response.statusCode} ${response.source}`));
    if (!isOwnName(request.headers.host)) {
      return refuse(
        response,
        403,
        'this server accepts only the host names localhost and 127.0.0.1',
      );
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return refuse(response, 405, 'only GET and HEAD are supported');
    }
    if (!request.url.startsWith('/')) {
      return refuse(response, 400, 'the path must begin with /');
    }
    // Resolves `..`, encoded or not, before anything is looked up.
    const { pathname, search } = new URL(`http://localhost${request.url}`);
    return pathname.startsWith(own)
      ? serve(response, { id, folder, path: pathname.slice(own.length) })
      : passThrough(request, response, { upstream, path: pathname + search });
  });

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, ADDRESS, resolve);
  });
  return {
    id,
    url: `http://${ADDRESS}:${server.address().port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * A page in this machine's browser can make its own name resolve to 127.0.0.1 (DNS rebinding). The
 * browser would then treat these files as the page's own, so the host name is checked.
 */
function isOwnName(host = '') {
  return OWN_NAMES.has(host.replace(/:\d+$/, '').toLowerCase());
}

function refuse(response, status, reason) {
  response.source = reason;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}

function serve(response, { id, folder, path }) {
  // Not passed on, so that all files of a plugin come from one origin.
  if (!Object.hasOwn(FILES, path)) return refuse(response, 404, `${id} has no such file`);
  let body;
  try {
    // Read for every request, so that a new build is served without a restart.
    body = readFile(folder, path);
  } catch (error) {
    return refuse(response, 500, error.message);
  }
  response.source = `from ${folder}`;
  response.writeHead(200, {
    'content-type': FILES[path],
    'content-length': body.length,
    'cache-control': 'no-cache',
  });
  response.end(body);
}

function passThrough(request, response, { upstream, path }) {
  if (request.headers.via?.includes(VIA)) {
    return refuse(response, 508, 'the upstream leads back to this server');
  }
  response.source = `passed through from ${upstream}`;
  const { get } = upstream.startsWith('https:') ? https : http;
  const headers = { ...pick(request.headers, PASSED_REQUEST_HEADERS), via: VIA };
  const passed = get(upstream + path, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, pick(answer.headers, PASSED_RESPONSE_HEADERS));
    answer.once('error', () => response.destroy());
    answer.pipe(response);
  });
  passed.setTimeout(UPSTREAM_TIMEOUT_MS, () => passed.destroy(new Error('it does not respond')));
  passed.once('error', (error) => {
    if (response.headersSent || response.destroyed) return response.destroy();
    return refuse(response, 502, `${upstream} cannot be reached: ${error.code ?? error.message}`);
  });
  response.once('close', () => passed.destroy());
}

function pick(headers, names) {
  return Object.fromEntries(
    names.filter((name) => name in headers).map((name) => [name, headers[name]]),
  );
}
