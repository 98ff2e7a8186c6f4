import { setTimeout as wait } from 'node:timers/promises';

/**
 * What can go wrong on the wire after a request has arrived:
 * 'reset'    the connection is reset before the response
 * 'close'    the connection is closed before the response
 * 'hang'     nothing is ever sent
 * 'stall'    the headers and half of the body are sent, then nothing more
 * 'cut'      the headers and half of the body are sent, then the connection is reset
 * 'drip'     the body is sent byte by byte, `intervalMs` apart
 * 'garbage'  the response is not HTTP
 */
const FAULTS = {
  reset: ({ response }) => response.socket.resetAndDestroy(),
  close: ({ response }) => response.socket.destroy(),
  hang: () => {},
  stall: ({ response, bytes, writeHead }) => {
    writeHead();
    response.write(bytes.subarray(0, bytes.length / 2));
  },
  cut: ({ response, bytes, writeHead }) => {
    writeHead();
    response.write(bytes.subarray(0, bytes.length / 2), () => response.socket.resetAndDestroy());
  },
  drip: async ({ response, bytes, writeHead, intervalMs = 10 }) => {
    writeHead();
    for (const byte of bytes) {
      if (response.destroyed) {
        return;
      }
      response.write(Buffer.of(byte));
      await wait(intervalMs);
    }
    response.end();
  },
  garbage: ({ response }) => response.socket.end('this is not HTTP\r\n\r\n'),
};

const toBytes = (body) => {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
};

/** Waits until a slow reader has read, or is gone. */
const untilRead = (response) =>
  new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });

/** Sends a body in pieces, `intervalMs` before each; its length is not known at the start. */
async function playPieces(response, pieces, intervalMs) {
  for await (const piece of pieces) {
    if (intervalMs > 0) await wait(intervalMs);
    if (response.destroyed) return;
    if (!response.write(piece)) await untilRead(response);
  }
  response.end();
}

/**
 * Sends one response: a `body`, byte for byte, or its `pieces` one after the other; or plays the
 * named fault.
 */
export async function play(
  response,
  { status = 200, headers = {}, body = '', pieces, delayMs = 0, fault, intervalMs },
) {
  if (delayMs > 0) {
    // A server that is closed meanwhile does not keep the process alive.
    await wait(delayMs, undefined, { ref: false });
  }
  if (response.destroyed) {
    return;
  }
  if (pieces) {
    response.writeHead(status, headers);
    response.flushHeaders();
    await playPieces(response, pieces, intervalMs);
    return;
  }
  const bytes = toBytes(body);
  const writeHead = () =>
    response.writeHead(status, { 'content-length': bytes.length, ...headers });
  if (fault === undefined) {
    writeHead();
    response.end(bytes);
    return;
  }
  if (!Object.hasOwn(FAULTS, fault)) {
    throw new Error(`unknown fault: ${fault}`);
  }
  await FAULTS[fault]({ response, bytes, writeHead, intervalMs });
}
