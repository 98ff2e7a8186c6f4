// Records the plugin's requests to the real API, as a proxy on the loopback interface. The base URL
// stays as typed, because the plugin depends on it: an Azure host gets another header, and a server
// that is not OpenAI's gets other parameters.
//
// A connection of the plugin is paired with one to the API. Requests are forwarded one by one and
// responses byte for byte. When one of the two ends or breaks, so does the other. Nothing is sent
// after the plugin has given up.

import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { finished } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import tls from 'node:tls';
import { describeForm, isForm, parseForm } from '../mock-api/form.mjs';
import { createCa } from './ca.mjs';
import { MAX_RESPONSE_BYTES, parseResponse } from './raw-response.mjs';
import { connect, readHost } from './upstream.mjs';

/** The recorder could not forward the first request; nothing was sent. */
export class NotForwarded extends Error {}

/** More than the plugin accepts, so that the API itself rejects a head that is too long. */
const MAX_HEAD_BYTES = 128 * 1024;

/** Collects the bytes of a response, up to the limit. */
function createTap() {
  const chunks = [];
  let size = 0;
  return {
    push(bytes) {
      if (size < MAX_RESPONSE_BYTES) chunks.push(bytes);
      size += bytes.length;
    },
    async read(method) {
      const response = await parseResponse(Buffer.concat(chunks), method);
      return response && { ...response, isCut: size > MAX_RESPONSE_BYTES };
    },
  };
}

/** The text of a request's body; for a form, its fields. */
async function readText(body, headers) {
  if (!isForm(headers)) return body.toString('utf8');
  return describeForm(await parseForm(body, headers['content-type']));
}

const withResponse = async ({ tap, ...request }) => ({
  ...request,
  response: await tap.read(request.method),
});

export async function startRecorder() {
  const ca = await createCa();
  // Only the plugin can use the proxy.
  const credentials = `playground:${randomUUID()}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const sockets = new Set();
  const upstreams = new WeakMap();
  const origins = new WeakMap();
  /** Collects the response that each connection to the API is receiving. */
  const taps = new WeakMap();
  let recording;

  /** Resolves to a connection to the API that ends with the plugin's `socket`. */
  async function reach(address, socket) {
    const gone = new AbortController();
    finished(socket, { writable: false }, () => gone.abort());
    const upstream = await connect(address, gone.signal);
    upstream.once('error', () => socket.resetAndDestroy());
    finished(socket, { writable: false }, () => upstream.destroy());
    return upstream;
  }

  function pair(client, upstream, { origin }) {
    upstreams.set(client, upstream);
    origins.set(client, origin);
    upstream.on('data', (bytes) => taps.get(upstream)?.push(bytes));
    upstream.pipe(client);
  }

  /**
   * For https: the plugin requests a tunnel, and inside it the recorder speaks TLS in place of the
   * API.
   */
  async function openTunnel({ url, socket }, { assertWanted }) {
    const address = new URL(`https://${url}`);
    // Nothing reads from it yet, so its end would otherwise go unnoticed.
    socket.read(0);
    const upstream = await reach(address, socket);
    const secureContext = await ca.contextFor(readHost(address));
    assertWanted();
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const client = new tls.TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ['http/1.1'],
    });
    pair(client, upstream, address);
    proxy.emit('connection', client);
  }

  async function forward(request, { requests, assertWanted }) {
    const { method, socket } = request;
    const headers = { ...request.headers };
    // The plugin sends it only to the recorder.
    delete headers['proxy-authorization'];
    const body = await buffer(request);
    const text = await readText(body, headers);
    if (!upstreams.has(socket)) {
      const address = new URL(request.url);
      pair(socket, await reach(address, socket), address);
    }
    assertWanted();
    // A proxy receives the whole URL, an API only the path.
    const path = request.url.replace(/^http:\/\/[^/]+/, '');
    const tap = createTap();
    taps.set(upstreams.get(socket), tap);
    requests.push({ method, origin: origins.get(socket), path, headers, text, tap });
    const lines = Object.entries(headers).map((pair) => `${pair.join(': ')}\r\n`);
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
    upstreams.get(socket).write(Buffer.concat([head, body]));
  }

  /** Runs `work` only for the plugin, while it is recorded. If it fails, closes the connection. */
  function serve(request, work) {
    const { socket, headers } = request;
    const isOurs = upstreams.has(socket) || headers['proxy-authorization'] === authorization;
    if (!isOurs || !recording) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const begun = recording;
    const isWanted = () => recording === begun && !socket.destroyed && !socket.readableEnded;
    const assertWanted = () => {
      if (!isWanted()) throw new Error('the plugin has given up');
    };
    work(request, { requests: begun.requests, assertWanted }).catch((error) => {
      if (isWanted()) begun.giveUp(error);
      socket.destroy();
    });
  }

  const proxy = http.createServer({ maxHeaderSize: MAX_HEAD_BYTES }, (request) =>
    serve(request, forward),
  );
  proxy.on('connect', (request) => serve(request, openTunnel));
  proxy.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => {});
  });
  await new Promise((resolve, reject) => {
    proxy.once('error', reject);
    proxy.listen(0, '127.0.0.1', resolve);
  });

  return {
    url: `http://${credentials}@127.0.0.1:${proxy.address().port}`,
    certificate: ca.certificate,
    /** Resolves to the value of `call` and the requests that it sent; one call at a time. */
    async record(call) {
      const requests = [];
      const notForwarded = new Promise((_, reject) => {
        const giveUp = ({ code, message }) =>
          requests.length === 0 && reject(new NotForwarded(code ?? message));
        recording = { requests, giveUp };
      });
      try {
        const value = await Promise.race([call(), notForwarded]);
        return { value, requests: await Promise.all(requests.map(withResponse)) };
      } finally {
        recording = undefined;
      }
    },
    async close() {
      const closed = new Promise((resolve) => proxy.close(resolve));
      // Node's own list lacks connections that have become tunnels.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
