// ZIP archives in the shape of Office files: a few files, each compressed.

import { crc32, deflateRawSync } from 'node:zlib';

const DEFLATED = 8;

function header(signature, { name, crc, stored, size }) {
  const bytes = Buffer.alloc(26);
  bytes.writeUInt16LE(20, 0);
  bytes.writeUInt16LE(DEFLATED, 4);
  bytes.writeUInt32LE(crc, 10);
  bytes.writeUInt32LE(stored.length, 14);
  bytes.writeUInt32LE(size, 18);
  bytes.writeUInt16LE(name.length, 22);
  return Buffer.concat([Buffer.from(signature, 'latin1'), bytes]);
}

/** A ZIP archive of text files by name. */
export function zip(files) {
  const [bodies, directory] = [[], []];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [name, whole] = [Buffer.from(path), Buffer.from(text)];
    const file = { name, crc: crc32(whole), stored: deflateRawSync(whole), size: whole.length };
    const body = Buffer.concat([header('PK\x03\x04', file), name, file.stored]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), header('', file), rest, name);
    bodies.push(body);
    offset += body.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  const count = Object.keys(files).length;
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, entries, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
