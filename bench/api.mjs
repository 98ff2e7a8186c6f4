// The API that all contenders use, in a separate process: finds the end of each request and sends a
// prepared response, over HTTP and HTTPS.

import net from 'node:net';
import tls from 'node:tls';
import { answerBody } from './responses.mjs';
import { mainThread } from './threads.mjs';

const END_OF_HEAD = '\r\n\r\n';
const MISSING_FAMILY = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];

const counts = { requests: 0, tcp: 0, tls: 0 };
let answer;
let delay;

const commands = {
  async listen({ key, cert }) {
    const http = await onLoopback(() => net.createServer({ noDelay: true }, serve));
    const https = await onLoopback(() =>
      tls.createServer({ noDelay: true, key, cert, ALPNProtocols: ['http/1.1'] }, (socket) => {
        counts.tls += 1;
        serve(socket);
      }),
    );
    return { http: `http://localhost:${http}`, https: `https://localhost:${https}` };
  },

  /** Sets the response and its delay in milliseconds, and resets the counters. */
  prepare({ size, serverTime }) {
    const body = Buffer.from(answerBody(size));
    const head = [
      'HTTP/1.1 200 OK',
      'content-type: application/json',
      'x-request-id: req_7d41c2f09b8e4a53a1f6d0c8e25b9734',
      `content-length: ${body.length}`,
    ];
    answer = Buffer.concat([Buffer.from(head.join('\r\n') + END_OF_HEAD), body]);
    delay = serverTime;
    Object.assign(counts, { requests: 0, tcp: 0, tls: 0 });
  },

  observe() {
    return { ...counts, ...mainThread(), at: performance.now() };
  },
};

process.on('message', async ({ id, command, options }) => {
  process.send({ id, result: await commands[command](options) });
});
process.on('disconnect', () => process.exit());

function serve(socket) {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let size = sizeOfRequest(pending); size <= pending.length; size = sizeOfRequest(pending)) {
      pending = pending.subarray(size);
      counts.requests += 1;
      if (delay === 0) socket.write(answer);
      else setTimeout(() => socket.write(answer), delay);
    }
  });
  // A contender's process may end with open connections.
  socket.on('error', () => socket.destroy());
}

/** The length of the first request in `bytes`; larger than `bytes` while its head is incomplete. */
function sizeOfRequest(bytes) {
  const head = bytes.indexOf(END_OF_HEAD);
  if (head === -1) return Number.POSITIVE_INFINITY;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(bytes.latin1Slice(0, head)) ?? [];
  if (length === undefined) throw new Error('a request without Content-Length');
  return head + END_OF_HEAD.length + Number(length);
}

/**
 * `localhost` may be either loopback address, so the API listens on both if the machine has both.
 */
async function onLoopback(createServer) {
  const listen = (port, host) =>
    new Promise((resolve, reject) => {
      const server = createServer();
      server.on('connection', () => {
        counts.tcp += 1;
      });
      server.once('error', reject);
      server.listen({ port, host, backlog: 1024 }, () => resolve(server.address().port));
    });
  const port = await listen(0, '127.0.0.1');
  await listen(port, '::1').catch((error) => {
    if (!MISSING_FAMILY.includes(error.code)) throw error;
  });
  return port;
}
