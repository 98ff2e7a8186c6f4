import { deflateSync } from 'node:zlib';
import { fraction } from './tokens.mjs';

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

// zlib.crc32 is missing in the first releases of Node 20.
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  }
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

function color(hue, lightness) {
  const channel = (offset) => {
    const k = (offset + hue * 12) % 12;
    const value =
      lightness -
      0.4 * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255);
  };
  return [channel(0), channel(8), channel(4)];
}

const LAYERS = 6;

/** Draws a landscape of hills. Its shape and colors depend only on the seed. */
function hills(seed, width, height) {
  const ridges = Array.from({ length: LAYERS }, (_, layer) => {
    const phase = fraction(`${seed} phase ${layer}`) * 2 * Math.PI;
    const waves = 1 + fraction(`${seed} waves ${layer}`) * 2;
    const base = 0.35 + layer * 0.11;
    return Array.from({ length: width }, (_, x) => {
      const angle = (x / width) * 2 * Math.PI * waves + phase;
      return Math.round(height * (base + 0.06 * Math.sin(angle)));
    });
  });
  // Each row of a PNG starts with a byte for its filter; 0 means none.
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let layer = LAYERS;
      while (layer > 0 && y < ridges[layer - 1][x]) {
        layer -= 1;
      }
      rows[y * (width + 1) + 1 + x] = layer;
    }
  }
  return rows;
}

function png(seed, width, height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8);
  const hue = fraction(`${seed} hue`);
  const palette = Array.from({ length: LAYERS + 1 }, (_, layer) =>
    color(hue + layer * 0.03, 0.92 - layer * 0.11),
  );
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(hills(seed, width, height))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

// Node has no encoder for these formats, so the images have one pixel, whatever the requested size.
const ONE_PIXEL = {
  jpeg: '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=',
  webp: 'UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA',
};

/** The bytes of an image; a PNG has the requested size, such as '1024x1024'. */
export function drawImage(seed, { size, format = 'png' }) {
  if (format !== 'png') {
    return Buffer.from(ONE_PIXEL[format], 'base64');
  }
  const [width, height] = size.split('x').map(Number);
  return png(seed, width, height);
}
