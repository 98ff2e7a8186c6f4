// Reads the text of the documents in a conversation, as far as the mock API needs it.

import { inflateRawSync } from 'node:zlib';
import { pdfFrom, readPdfText } from './document.mjs';

/** The part of an Office file that contains its text, by file extension. */
const OFFICE = {
  docx: /^word\/document\.xml$/,
  pptx: /^ppt\/slides\/slide\d+\.xml$/,
  xlsx: /^xl\/(?:sharedStrings|worksheets\/sheet\d+)\.xml$/,
};
const PLAIN = ['csv', 'css', 'html', 'java', 'js', 'json', 'md', 'py', 'rs', 'sql', 'ts', 'tsv'];
/** The extensions that the Responses API reads. */
export const EXTENSIONS = [...PLAIN, ...Object.keys(OFFICE), 'pdf', 'rtf', 'txt', 'xml', 'yaml'];

const DIRECTORY_ENTRY = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const DEFLATED = 8;

export const extensionOf = (filename) => /\.(\w+)$/.exec(filename)?.[1].toLowerCase() ?? '';

/** The bytes in a data URI, or undefined for anything else. */
export function bytesOf(dataUri) {
  const [, base64] = /^data:[\w.+-]+\/[\w.+-]+(?:;[^,;]+)*;base64,(.*)$/s.exec(dataUri) ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

/** The files of a ZIP archive whose names match; none if the archive is damaged. */
function* unzipped(bytes, wanted) {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || bytes.readUInt32LE(end) !== END_OF_DIRECTORY) return;
  let at = bytes.readUInt32LE(end + 16);
  while (at + 46 <= end && bytes.readUInt32LE(at) === DIRECTORY_ENTRY) {
    const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const lengths = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const name = bytes.toString('utf8', at + 46, at + 46 + lengths[0]);
    if (wanted.test(name)) {
      const local = bytes.readUInt32LE(at + 42);
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const stored = bytes.subarray(start, start + size);
      yield (method === DEFLATED ? inflateRawSync(stored) : stored).toString('utf8');
    }
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
}

const withoutTags = (xml) =>
  xml
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

function readOffice(bytes, wanted) {
  try {
    return [...unzipped(bytes, wanted)].map(withoutTags).join(' ').trim();
  } catch {
    return '';
  }
}

/** The text of a document; empty if the mock API cannot read it, for example behind a URL. */
export function readDocument({ filename = '', file_data: data }) {
  if (data === undefined) return '';
  const pdf = pdfFrom(data);
  if (pdf) return readPdfText(pdf);
  const bytes = bytesOf(data) ?? Buffer.alloc(0);
  const wanted = OFFICE[extensionOf(filename)];
  return wanted ? readOffice(bytes, wanted) : bytes.toString('utf8');
}

export const isPdf = ({ filename = '', file_data: data, file_url: url }) =>
  data === undefined
    ? /\.pdf(?:[?#]|$)/i.test(url)
    : extensionOf(filename) === 'pdf' || !!pdfFrom(data);
