// Attacks through how an API responds: slowly, endlessly, from many addresses, or not at all.

import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  chat,
  chatBody,
  errorResponse,
  jsonResponse,
  lanes,
  PONG,
  repeated,
  repeatedBytes,
  source,
} from '../content.mjs';

const MB = 1_000_000;
const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** 20 queries at a time with a deadline of 4 s, to a server that never stops sending. */
const flood = ({ head = '', unit, ...record }) => ({
  size: 20,
  short: 8,
  serveSocket: () => {
    const block = repeatedBytes(unit, 64_000);
    const start = Buffer.from(head, 'latin1');
    return (socket) => socket.once('data', () => pour(socket, start, block));
  },
  queries: ({ url, size, deadline }) =>
    lanes(size, [source(url), chat({ query_timeout: deadline, max_tokens: 5 })]),
  ...record,
});

function pour(socket, head, block) {
  const more = () => {
    while (!socket.destroyed && socket.write(block));
  };
  socket.on('drain', more);
  socket.write(head);
  more();
}

export const SOCKET_ATTACKS = [
  flood({
    name: '1d-chunk-size',
    about: 'endless zeros in a chunk size, on 20 connections',
    head: `${OK}transfer-encoding: chunked\r\n\r\n`,
    unit: '0',
  }),
  flood({
    name: '1d-tiny-chunks',
    about: 'endless chunks of one byte, on 20 connections',
    head: `${OK}transfer-encoding: chunked\r\n\r\n`,
    unit: '1\r\n \r\n',
  }),
  flood({
    name: '1e-informational',
    about: 'endless 103 responses, on 20 connections',
    unit: 'HTTP/1.1 103 Early Hints\r\n\r\n',
  }),
  flood({
    name: '1f-headers',
    about: 'endless headers, on 20 connections; 10 retries',
    head: OK,
    unit: 'x: y\r\n',
    queries: ({ url, size, deadline }) =>
      lanes(size, [source(url, { max_retries: 10 }), chat({ query_timeout: deadline })]),
  }),
  flood({
    name: '1f-long-header',
    about: 'an endless header, on 20 connections',
    head: `${OK}x: `,
    unit: 'y',
  }),
  flood({
    name: '1f-extensions',
    about: 'an endless chunk extension, on 20 connections',
    head: `${OK}transfer-encoding: chunked\r\n\r\n1;`,
    unit: 'x',
  }),
  flood({
    name: '1f-many-extensions',
    about: 'chunks of one byte with long extensions, on 20 connections',
    head: `${OK}transfer-encoding: chunked\r\n\r\n`,
    unit: `1;${'x'.repeat(2_000)}\r\n \r\n`,
  }),
  flood({
    name: '1f-trailers',
    about: 'endless trailers, on 20 connections',
    head: `${OK}transfer-encoding: chunked\r\n\r\n${PONG.length.toString(16)}\r\n${PONG}\r\n0\r\n`,
    unit: 'x: y\r\n',
  }),
  flood({
    name: '1f-error-body',
    about: 'an endless error response, on 20 connections; 10 retries',
    head: 'HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n',
    unit: '<p>oops',
    queries: ({ url, size, deadline }) =>
      lanes(size, [source(url, { max_retries: 10 }), chat({ query_timeout: deadline })]),
  }),
  flood({
    name: '1i-tls-hello',
    about: 'endless TLS messages without a purpose, on 20 connections',
    unit: '\x16\x03\x03\x00\x04\x00\x00\x00\x00',
    queries: overTls,
  }),
  flood({
    name: '1i-tls-message',
    about: 'a TLS handshake message of 16 MB, on 20 connections',
    head: `\x16\x03\x03\x40\x00\x0b\xff\xff\xff${'\x00'.repeat(16_380)}`,
    unit: `\x16\x03\x03\x40\x00${'\x00'.repeat(16_384)}`,
    queries: overTls,
  }),
  {
    name: '1i-tls-silent',
    about: '200 TLS handshakes at once that the server does not answer',
    size: 200,
    short: 20,
    serveSocket: () => (socket) => socket.resume(),
    queries: overTls,
  },
  {
    name: '7a-drip',
    about: '40 responses of 63 MB that never end',
    size: 63 * MB,
    short: 2 * MB,
    endless: true,
    serveSocket: (size) => {
      const start = chatBody('"').slice(0, -1);
      const head = Buffer.from(
        `${OK}content-length: ${size}\r\n\r\n${start.split('"content":')[0]}"content":"`,
      );
      const body = repeatedBytes('a', size - 2_000);
      return (socket) =>
        socket.once('data', () => {
          socket.write(head);
          socket.write(body);
          const drip = setInterval(() => socket.write('a'), 1_000);
          socket.once('close', () => clearInterval(drip));
        });
    },
    queries: ({ url }) => lanes(40, [source(url), { ...chat(), query_timeout: undefined }]),
  },
  {
    name: '7a-many-hang',
    about: '1,000 queries at once with a deadline of 4 s and no response',
    size: 1_000,
    short: 100,
    once: true,
    serve: () => () => undefined,
    queries: ({ url, size, deadline }) =>
      lanes(size, [source(url), chat({ query_timeout: deadline })]),
  },
  {
    name: '7b-prompts',
    about: 'ten prompts of 45 MB at once, which the server reads',
    size: 45 * MB,
    short: 1 * MB,
    serve: () => () => jsonResponse(PONG),
    queries: ({ url, size }) => lanes(10, [source(url), chat({ prompt: repeated('p', size) })]),
  },
  {
    name: '7b-unread-prompts',
    about: 'ten prompts of 45 MB at once, which the server does not read',
    size: 45 * MB,
    short: 1 * MB,
    serveSocket: () => (socket) => socket.pause(),
    queries: ({ url, size, deadline }) =>
      lanes(10, [source(url), chat({ prompt: repeated('p', size), query_timeout: deadline })]),
  },
  {
    name: '7b-retried-prompts',
    about: 'ten prompts of 45 MB at once, which the server makes the plugin retry ten times',
    size: 45 * MB,
    short: 1 * MB,
    serve: () => () =>
      errorResponse(
        {},
        { status: 503, headers: { 'x-should-retry': 'true', 'retry-after-ms': '0' } },
      ),
    queries: ({ url, size }) =>
      lanes(10, [source(url, { max_retries: 10 }), chat({ prompt: repeated('p', size) })]),
  },
  {
    name: '7c-addresses',
    about: 'queries to 3,000 servers, each answered, in a process of 1,024 descriptors',
    size: 3_000,
    short: 300,
    once: true,
    lanes: 16,
    descriptors: 1_024,
    // Names would need a resolver; the connection pool distinguishes addresses and ports.
    addresses: true,
    serve: () => () => jsonResponse(PONG),
    queries: ({ urls }) => urls.map((url) => [source(url), chat()]),
  },
  {
    name: '7d-dns-one-name',
    about: '64 queries for one name that never resolves',
    size: 64,
    short: 64,
    silentResolver: true,
    serve: () => () => jsonResponse(PONG),
    queries: ({ size, deadline }) =>
      lanes(size, [source('http://slow.attack.test/v1'), chat({ query_timeout: 8 * deadline })]),
  },
  {
    name: '7d-dns-many-names',
    about: 'queries for 40 names that never resolve',
    size: 40,
    short: 40,
    silentResolver: true,
    serve: () => () => jsonResponse(PONG),
    queries: ({ size, deadline }) =>
      Array.from({ length: size }, (_, i) => [
        source(`http://slow${i}.attack.test/v1`),
        chat({ query_timeout: deadline }),
      ]),
  },
  {
    name: '7d-unconnectable',
    about: '64 queries at a time to a server that accepts no more connections',
    size: 64,
    short: 16,
    freezes: true,
    serve: () => () => jsonResponse(PONG),
    queries: ({ url, size, deadline }) =>
      lanes(size, [source(url, { max_retries: 10 }), chat({ query_timeout: deadline })]),
  },
  {
    name: '7e-small-server',
    about: 'a server with 8 threads, each for one connection until it is idle for 5 s: 64 queries after 256',
    size: 256,
    short: 256,
    once: true,
    serveSocket: eightThreads,
    queries: ({ url }) => [[source(url), chat()]],
    /** The second burst should take as long as without the first one. */
    async run({ queries: [query], ask, size }) {
      const burst = async (count) =>
        Math.max(...(await Promise.all(lanes(count, query).map(ask))).map(({ ms }) => ms));
      const first = await burst(size);
      await wait(500);
      const second = await burst(64);
      return { late: Math.max(first - LARGE_BURST_MS, second - SMALL_BURST_MS) };
    },
  },
  {
    name: '7f-refused',
    about: '64 queries at a time to a port where nobody listens; 10 retries',
    size: 64,
    short: 16,
    serve: () => () => undefined,
    queries: ({ size, deadline }) =>
      lanes(size, [
        source('http://127.0.0.1:9/v1', { max_retries: 10 }),
        chat({ query_timeout: deadline }),
      ]),
  },
  {
    name: '9c-retries',
    about: '64 queries at a time, each retried ten times at once: x-should-retry',
    size: 64,
    short: 16,
    serve: () => () =>
      errorResponse(
        {},
        { headers: { 'x-should-retry': 'true', 'retry-after-ms': '0', 'retry-after': '0' } },
      ),
    queries: ({ url, size }) => lanes(size, [source(url, { max_retries: 10 }), chat()]),
  },
  {
    name: '9d-redirects',
    about: '64 queries at a time, each redirected to itself by a URL of 60 KB',
    size: 64,
    short: 16,
    serve: () => () =>
      jsonResponse('', { status: 307, headers: { location: `/${repeated('a/../', 60_000)}` } }),
    queries: ({ url, size }) => lanes(size, [source(url, { max_retries: 10 }), chat()]),
  },
  {
    name: '9e-resets',
    about: '64 queries at a time, each cut off by a reset; 10 retries',
    size: 64,
    short: 16,
    serveSocket: () => (socket) => socket.once('data', () => socket.resetAndDestroy()),
    queries: ({ url, size, deadline }) =>
      lanes(size, [source(url, { max_retries: 10 }), chat({ query_timeout: deadline })]),
  },
  {
    name: '11-workers',
    about: '3 worker threads at a time that load the plugin, run a query and are terminated at random',
    size: 3,
    short: 2,
    serve: () => () => jsonResponse(PONG),
    queries: ({ url }) => [[source(url), chat()]],
    async run({ queries: [query], size, plugin, isOver }) {
      const lane = async (number) => {
        for (let turn = 0; !isOver(); turn += 1) {
          const worker = new Worker(WORKER, { workerData: { plugin, query } });
          await Promise.race([once(worker, 'exit'), wait((13 * turn + 7 * number) % 200)]);
          await worker.terminate();
        }
      };
      await Promise.all(Array.from({ length: size }, (_, number) => lane(number)));
    },
  },
];

const WORKER = new URL('../worker.mjs', import.meta.url);

function overTls({ url, size, deadline }) {
  const tls = url.replace('http:', 'https:');
  return lanes(size, [source(tls), chat({ query_timeout: deadline })]);
}

const THREADS = 8;
const THREAD_IDLE_MS = 5_000;
const WORK_MS = 5;
/** The work takes 40 ms for 64 queries, and 160 for 256. The rest is up to the machine. */
const SMALL_BURST_MS = 120;
const LARGE_BURST_MS = 1_000;

/**
 * Like llama.cpp's server, whose threads serve one connection each until it has been idle for five
 * seconds.
 */
function eightThreads() {
  const queue = [];
  let free = THREADS;
  const next = () => {
    while (free > 0 && queue.length > 0) {
      free -= 1;
      serveConnection(queue.shift(), () => {
        free += 1;
        next();
      });
    }
  };
  return (socket) => {
    socket.pause();
    queue.push(socket);
    next();
  };
}

function serveConnection(socket, done) {
  if (socket.destroyed) return done();
  let idle;
  const rest = () => {
    idle = setTimeout(() => socket.destroy(), THREAD_IDLE_MS);
  };
  rest();
  socket.on('data', () => {
    clearTimeout(idle);
    setTimeout(() => {
      if (!socket.destroyed) {
        socket.write(`${OK}content-length: ${PONG.length}\r\n\r\n${PONG}`);
      }
      rest();
    }, WORK_MS);
  });
  socket.once('close', () => {
    clearTimeout(idle);
    done();
  });
  socket.resume();
}
