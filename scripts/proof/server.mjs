// A fast server on the loopback interface, in a process of its own: fixed answers, and under
// /fault/<name>/ a wrong one. Tells its port to its parent, and on request what is open.

import http from 'node:http';
import { play } from '../../stand-in/playback.mjs';
import { FAULTS } from './faults.mjs';

const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
const ANSWERS = Object.entries({
  '/chat/completions': {
    id: 'chatcmpl-1',
    model: 'm',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Pong. é✓' }, finish_reason: 'stop' },
    ],
    usage,
  },
  '/completions': {
    model: 'm',
    choices: [{ index: 0, text: ' there', finish_reason: 'stop' }],
    usage,
  },
  '/embeddings': {
    data: [{ index: 0, embedding: Array.from({ length: 256 }, (_, i) => i / 256) }],
  },
  '/images/generations': { created: 1, data: [{ b64_json: 'A'.repeat(4096) }] },
  '/models': { data: Array.from({ length: 20 }, (_, i) => ({ id: `m${i}`, created: 1 })) },
}).map(([path, body]) => [
  path,
  { headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) },
]);

const sockets = new Set();
let inFlight = 0;

const server = http.createServer((request, response) => {
  inFlight += 1;
  response.once('close', () => {
    inFlight -= 1;
  });
  const [, fault] = /^\/fault\/(\w+)\//.exec(request.url) ?? [];
  request.resume().once('end', () => {
    const answer = fault
      ? FAULTS[fault].answer
      : ANSWERS.find(([path]) => request.url.endsWith(path))[1];
    play(response, answer);
  });
});
server.keepAliveTimeout = 75_000;
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.once('close', () => sockets.delete(socket));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.send({ inFlight, connections: sockets.size }));
process.on('disconnect', () => process.exit());
