// A fast server on the loopback interface, in its own process. It sends correct responses, and
// faults under /fault/<name>/. It sends its port to its parent, and its open requests when asked.

import http from 'node:http';
import { play } from '../../mock-api/playback.mjs';
import { FAULTS } from './faults.mjs';

const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
const ramp = Array.from({ length: 255 }, (_, i) => i / 256);
/** By endpoint: the response to a query with this mark. */
const ANSWERS = {
  '/chat/completions': (mark) => {
    const message = { role: 'assistant', content: `Pong ${mark} é✓` };
    return { id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }], usage };
  },
  '/completions': (mark) => ({
    model: 'm',
    choices: [{ index: 0, text: ` there ${mark}`, finish_reason: 'stop' }],
    usage,
  }),
  '/embeddings': (mark) => ({
    data: [0, 1].map((index) => ({ index, embedding: [Number(mark.slice(1)), ...ramp] })),
  }),
  '/images/generations': (mark) => ({
    created: 1,
    data: [{ b64_json: mark + 'A'.repeat(4096) }],
  }),
  '/models': () => ({ data: Array.from({ length: 20 }, (_, i) => ({ id: `m${i}`, created: 1 })) }),
};

function answerTo(path, body) {
  const [, make] = Object.entries(ANSWERS).find(([endpoint]) => path.endsWith(endpoint));
  const [mark] = /#\d+/.exec(body) ?? [''];
  return { headers: { 'content-type': 'application/json' }, body: make(mark) };
}

/** Requests that were neither answered nor aborted. */
let inFlight = 0;

const server = http.createServer((request, response) => {
  inFlight += 1;
  response.once('close', () => {
    inFlight -= 1;
  });
  const [, fault] = /^\/fault\/(\w+)\//.exec(request.url) ?? [];
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text) => {
    body += text;
  });
  request.once('end', () => {
    play(response, fault ? FAULTS[fault].answer : answerTo(request.url, body));
  });
});
server.keepAliveTimeout = 75_000;
server.on('connection', (socket) => {
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => {
  server.closeIdleConnections();
  process.send({ inFlight });
});
process.on('disconnect', () => process.exit());
