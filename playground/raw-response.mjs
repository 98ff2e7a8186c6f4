// Responses as bytes of a connection, and as text for the page.

import http from 'node:http';
import { Duplex } from 'node:stream';
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';

/** Maximum part of a body that is kept, both compressed and as text. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

/**
 * Resolves to `{status, headers, chunks}` for the bytes of one response to a request with `method`,
 * or to undefined if they are not a response. A body may break off.
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
      // A body that breaks off is an error; show what has arrived.
      response.on('error', () => {});
      const { statusCode: status, headers } = response;
      response.once('close', () => resolve({ status, headers, chunks }));
    });
    request.end();
    socket.push(bytes);
    // Ending it in the same turn would discard a body that breaks off.
    setImmediate(() => socket.push(null));
  });
}

const DECODERS = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync };

/** The decompressed text of a body; `isCut` means that it is only the beginning. */
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
