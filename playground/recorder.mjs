// Reads the plugin's requests on their way to the real API, as a proxy on the loopback interface.
// The plugin keeps the base URL as it was typed, because it goes by it: an Azure host gets another
// header, and a server that is not OpenAI's gets other parameters.
//
// A connection of the plugin is tied to one to the API. Requests pass one by one, answers byte for
// byte, and where one of the two ends or breaks, so does the other. Nothing is sent for a plugin that
// has given up meanwhile.

import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { finished } from 'node:stream';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { createAuthority } from './authority.mjs';
import { connect, readHost } from './upstream.mjs';

/** The recorder could not let the first request pass; nothing was sent. */
export class NotForwarded extends Error {}

/** More than the plugin takes, so that it is the API that finds a head too long. */
const MAX_HEAD_BYTES = 128 * 1024;

export async function startRecorder() {
  const authority = await createAuthority();
  // Nobody but the plugin can use the proxy.
  const credentials = `playground:${randomUUID()}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const sockets = new Set();
  const upstreams = new WeakMap();
  let recording;

  /** Resolves to a connection to the API, which ends with the plugin's `socket`. */
  async function reach(address, socket) {
    const gone = new AbortController();
    finished(socket, { writable: false }, () => gone.abort());
    const upstream = await connect(address, gone.signal);
    upstream.once('error', () => socket.resetAndDestroy());
    finished(socket, { writable: false }, () => upstream.destroy());
    return upstream;
  }

  function pair(client, upstream) {
    upstreams.set(client, upstream);
    upstream.pipe(client);
  }

  /** For https: the plugin asks for a tunnel, and in it the recorder speaks TLS as the API. */
  async function openTunnel({ url, socket }, { assertWanted }) {
    const address = new URL(`https://${url}`);
    // Nobody reads from it yet, and its end would go unnoticed.
    socket.read(0);
    const upstream = await reach(address, socket);
    const secureContext = await authority.contextFor(readHost(address));
    assertWanted();
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const client = new tls.TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ['http/1.1'],
    });
    pair(client, upstream);
    proxy.emit('connection', client);
  }

  async function forward(request, { requests, assertWanted }) {
    const { method, socket } = request;
    const headers = { ...request.headers };
    // In a tunnel it is not the recorder's, but one that somebody typed for the API.
    if (!socket.encrypted) delete headers['proxy-authorization'];
    const body = await text(request);
    if (!upstreams.has(socket)) pair(socket, await reach(new URL(request.url), socket));
    assertWanted();
    // A proxy is asked for the whole address, an API for the path.
    const path = request.url.replace(/^http:\/\/[^/]+/, '');
    requests.push({ method, path, headers, text: body });
    const lines = Object.entries(headers).map((pair) => `${pair.join(': ')}\r\n`);
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
    upstreams.get(socket).write(Buffer.concat([head, Buffer.from(body)]));
  }

  /** `work` for the plugin alone, while it is recorded; where that fails, the connection ends. */
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
    certificate: authority.certificate,
    /** The value of `call` and the requests that it sent; one call at a time. */
    async record(call) {
      const requests = [];
      const notForwarded = new Promise((_, reject) => {
        const giveUp = ({ code, message }) =>
          requests.length === 0 && reject(new NotForwarded(code ?? message));
        recording = { requests, giveUp };
      });
      try {
        return { value: await Promise.race([call(), notForwarded]), requests };
      } finally {
        recording = undefined;
      }
    },
    async close() {
      const closed = new Promise((resolve) => proxy.close(resolve));
      // Node's own list lacks those that have become tunnels.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
