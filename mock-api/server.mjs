import http from 'node:http';
import https from 'node:https';
import { answerAsApi, CREATED } from './api.mjs';
import { isSlow } from './auth.mjs';
import { MAX_BATCH_BYTES } from './files.mjs';
import { describeForm, isForm, parseForm } from './form.mjs';
import { play } from './playback.mjs';
import { recordResponse } from './recorded-response.mjs';
import { createStore } from './store.mjs';
import { readUpload } from './upload.mjs';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

async function readBody(incoming) {
  const chunks = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new Error(`a request body of more than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const UPLOAD = /\/files(?:\?|$)/;

/** What a request has in its body: `text`, and what it is parsed to. A form has `files`, too. */
async function parsedBody(incoming, { openFile }) {
  if (isForm(incoming.headers) && UPLOAD.test(incoming.url)) {
    const form = await readUpload(incoming, { openFile, maxBytes: MAX_BATCH_BYTES });
    return { ...form, text: describeForm(form) };
  }
  const bytes = await readBody(incoming);
  if (isForm(incoming.headers)) {
    const form = await parseForm(bytes, incoming.headers['content-type']);
    return { ...form, text: describeForm(form) };
  }
  const text = bytes.toString('utf8');
  return { text, body: text === '' ? undefined : parsed(text) };
}

/** The scripted responses: one for all requests, or a list to use up. */
function createScript() {
  let scripted;
  return {
    set(answers) {
      scripted = Array.isArray(answers) ? [...answers] : answers;
    },
    next(request) {
      const answer = Array.isArray(scripted) ? scripted.shift() : scripted;
      return typeof answer === 'function' ? answer(request) : answer;
    },
  };
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address().port);
    });
  });
}

const MISSING_FAMILY = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];

/**
 * `localhost` may be either loopback address, so the server listens on both if the machine has
 * both.
 */
async function listenOnLoopback(createServer, port) {
  for (let attempt = 0; ; attempt += 1) {
    const first = createServer();
    const chosen = await listen(first, port, '127.0.0.1');
    const second = createServer();
    try {
      await listen(second, chosen, '::1');
      return [first, second];
    } catch (error) {
      if (MISSING_FAMILY.includes(error.code)) {
        return [first];
      }
      first.close();
      if (port !== 0 || attempt === 4) {
        throw error;
      }
    }
  }
}

/**
 * Starts a server on the loopback interface that behaves like OpenAI's API, as far as the plugin
 * uses it. `tls` are the options of `https.createServer`; `delayMs` delays every response, `slowMs`
 * those to the slow key of auth.mjs.
 */
export async function startMockApi({ port = 0, tls, delayMs = 0, slowMs = 10_000 } = {}) {
  const requests = [];
  const script = createScript();
  const store = createStore(CREATED);
  const sockets = new Set();
  let connections = 0;
  let inFlight = 0;
  let origin;
  let recordsResponses = false;

  async function handle(incoming, response) {
    const request = {
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
      text: undefined,
      body: undefined,
      aborted: false,
    };
    requests.push(request);
    if (recordsResponses) request.response = recordResponse(response);
    const number = requests.length;
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
      request.aborted = !response.writableFinished;
    });
    Object.assign(request, await parsedBody(incoming, store));

    const delay = isSlow(request.headers) ? slowMs : delayMs;
    const answer =
      (await script.next(request)) ??
      (await answerAsApi(request, { origin, number, delayMs: delay, store }));
    await play(response, { delayMs: delay, ...answer });
  }

  const listener = (incoming, response) => {
    handle(incoming, response).catch((error) => {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          error: { message: error.stack, type: 'server_error', param: null, code: null },
        }),
      );
    });
  };

  const createServer = () => {
    const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
    // Longer than any pause of a test, so that a pooled connection does not close under a request.
    server.keepAliveTimeout = 75_000;
    server.on('connection', (socket) => {
      connections += 1;
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    return server;
  };

  const servers = await listenOnLoopback(createServer, port);
  const bound = servers[0].address().port;
  // By name, because ToolJet's rules for base URLs reject literal loopback addresses.
  origin = `${tls ? 'https' : 'http'}://localhost:${bound}`;

  return {
    url: origin,
    baseUrl: `${origin}/v1`,
    port: bound,
    requests,
    get connections() {
      return connections;
    },
    /** From now on, each request has a `response` as described in recorded-response.mjs. */
    recordResponses() {
      recordsResponses = true;
    },
    /** The number of requests that were neither answered nor aborted. */
    get inFlight() {
      return inFlight;
    },
    /**
     * Scripts the responses: `{status, headers, body}`, a fault of playback.mjs, a function of the
     * request that returns one of them (or undefined, for the usual response), or a list of these,
     * used up one by one.
     */
    respondWith(answers) {
      script.set(answers);
    },
    /** Lets time pass for files and batches, which expire. */
    passTime: (seconds) => store.pass(seconds),
    /** Forgets what was asked, uploaded and scripted. */
    reset() {
      requests.length = 0;
      connections = 0;
      script.set(undefined);
      return store.clear();
    },
    async close() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) {
        socket.destroy();
      }
      await Promise.all([...closed, store.clear()]);
    },
  };
}
