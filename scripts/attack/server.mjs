// A separate process: the attacker's server of one attack, or the victim's API. Sends its addresses
// to its parent, and ends with it.

import http from 'node:http';
import net from 'node:net';
import { attackNamed } from './attacks.mjs';
import { chatBody, jsonResponse } from './content.mjs';

const [name, sizeText] = process.argv.slice(2);
const size = Number(sizeText);

/**
 * Repeats the mark of a victim's query. Below /hang it never responds; below /close it closes the
 * connection, so that the next query needs a new one.
 */
const VICTIM = {
  serve: () => (request, body) => {
    if (request.url.startsWith('/hang/')) return undefined;
    const [mark] = /#\d+/.exec(body) ?? [''];
    const closes = request.url.startsWith('/close/') && { headers: { connection: 'close' } };
    return jsonResponse(chatBody(`"Pong ${mark}"`), closes || {});
  },
};

const { serve, serveSocket, addresses, freezes } = name === 'victim' ? VICTIM : attackNamed(name);

const handle = serve?.(size);
const handleSocket = serveSocket?.(size);

function onRequest(request, response) {
  const chunks = [];
  request.on('error', () => {});
  response.on('error', () => {});
  request.on('data', (chunk) => {
    // Enough to recognize the query.
    if (chunks.length < 64) chunks.push(chunk);
  });
  request.once('end', () => {
    const reply = handle(request, Buffer.concat(chunks).toString());
    if (!reply) return;
    response.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length });
    response.end(reply.body);
  });
}

function makeServer() {
  const server = handleSocket
    ? net.createServer((socket) => {
        handleSocket(socket);
      })
    : http.createServer({ maxHeaderSize: 16 << 20, keepAliveTimeout: 75_000 }, onRequest);
  server.on('connection', (socket) => socket.on('error', () => {}));
  return server;
}

const listen = (host, port) =>
  new Promise((resolve, reject) => {
    const server = makeServer();
    server.once('error', reject);
    server.listen({ host, port, backlog: freezes ? 1 : 1_024 }, () =>
      resolve(server.address().port),
    );
  });

const port = await listen('127.0.0.1', 0);
const hosts = Array.from(
  { length: addresses ? size : 0 },
  (_, i) => `127.9.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`,
);
for (const host of hosts) await listen(host, port);
process.send({
  origin: `http://127.0.0.1:${port}`,
  urls: hosts.map((host) => `http://${host}:${port}/v1`),
});
// A stopped process accepts no connections, but the system does until its queue is full.
if (freezes) setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 100);
process.on('disconnect', () => process.exit());
