// Reads the text of a PDF, as far as the mock API needs it: unencoded strings.

import { inflateSync } from 'node:zlib';

const ESCAPES = { n: '\n', r: '\r', t: '\t', b: '', f: '' };

/** The bytes of a data URI of a PDF, or undefined for anything else. */
export function pdfFrom(dataUri) {
  const [, base64] = /^data:application\/pdf;base64,([A-Za-z0-9+/]+=*)$/.exec(dataUri) ?? [];
  const bytes = base64 && Buffer.from(base64, 'base64');
  return bytes?.subarray(0, 1024).includes('%PDF-') ? bytes : undefined;
}

/** The contents of a stream, which is usually compressed with deflate. */
function inflated(stream) {
  try {
    return inflateSync(stream).toString('latin1');
  } catch {
    return stream.toString('latin1');
  }
}

function streams(bytes) {
  const source = bytes.toString('latin1');
  return Array.from(source.matchAll(/stream\r?\n(.*?)\r?\nendstream/gs), ({ 1: stream }) =>
    inflated(Buffer.from(stream, 'latin1')),
  );
}

const unescaped = (text) => text.replaceAll(/\\(.)/gs, (_, escaped) => ESCAPES[escaped] ?? escaped);

/** The strings of a PDF, in order. Strings in a font's own encoding are not decoded. */
export function readPdfText(bytes) {
  return streams(bytes)
    .flatMap((stream) => Array.from(stream.matchAll(/\(((?:\\.|[^\\()])*)\)\s*(?:Tj|'|")/gs)))
    .map(([, text]) => unescaped(text).trim())
    .filter(Boolean)
    .join(' ');
}
