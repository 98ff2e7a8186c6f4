// Responses as bytes of a connection, and as the text that the page shows.

import http from 'node:http';
import { Duplex } from 'node:stream';
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';

/** The most of a body that is kept, as it is sent and as text. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/**
 * Resolves to `{status, headers, chunks}` for the bytes of one response to a request with `method`,
 * or to undefined if they are none. A body may break off.
 */
export function parseResponse(bytes, method) {
  const socket = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => done(),
  });
  return new Promise((resolve) => {
    const request = http.request({ method, createConnection: () => socket });
    request.once('error', () => resolve(undefined));
    request.once('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      // A body that breaks off is an error; what has arrived is what there is to see.
      response.on('error', () => {});
      const { statusCode: status, headers } = response;
      response.once('close', () => resolve({ status, headers, chunks }));
    });
    request.end();
    socket.push(bytes);
    // An end at the same time would discard a body that breaks off.
    setImmediate(() => socket.push(null));
  });
}

const DECODERS = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync };

/** The text of a body, decompressed; `isCut` if it is only the beginning. */
export function readBody({ headers, chunks, isCut = false }) {
  const bytes = Buffer.concat(chunks);
  const decode = DECODERS[headers['content-encoding']];
  const whole = decode ? decompress(decode, bytes) : bytes;
  const text = whole.subarray(0, MAX_RESPONSE_BYTES).toString('utf8');
  return { text, isCut: isCut || whole.length > MAX_RESPONSE_BYTES };
}

function decompress(decode, bytes) {
  // Flushing accepts a body that breaks off.
  const isBrotli = decode === brotliDecompressSync;
  const finishFlush = isBrotli ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH;
  try {
    return decode(bytes, { finishFlush, maxOutputLength: 16 * MAX_RESPONSE_BYTES });
  } catch {
    return bytes;
  }
}
