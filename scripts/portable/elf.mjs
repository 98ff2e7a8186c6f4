// Reads a shared library's requirements from its ELF headers.

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_VERNEED = 0x6ffffffen;
const DT_VERNEEDNUM = 0x6fffffffn;
const ARCHITECTURES = { 62: 'x64', 183: 'arm64' };

/**
 * `{architecture, needed: ['libc.so.6', …], versions: ['GLIBC_2.17', …]}` of a 64-bit
 * little-endian ELF file.
 */
export function readElf(bytes) {
  const isElf = bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46;
  if (!isElf || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  const segments = programHeaders(bytes);
  const entries = dynamicEntries(bytes, segments);
  const first = (tag) => entries.find((entry) => entry.tag === tag)?.value;
  const strings = findOffset(segments, first(DT_STRTAB));
  const stringAt = (index) => {
    const start = strings + Number(index);
    return bytes.toString('latin1', start, bytes.indexOf(0, start));
  };
  const versionTable = first(DT_VERNEED);
  return {
    architecture: ARCHITECTURES[bytes.readUInt16LE(18)] ?? 'another',
    needed: entries.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => stringAt(value)),
    versions:
      versionTable === undefined
        ? []
        : neededVersions(bytes, findOffset(segments, versionTable), first(DT_VERNEEDNUM)).map(
            stringAt,
          ),
  };
}

function programHeaders(bytes) {
  const start = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  return Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      fileSize: Number(bytes.readBigUInt64LE(at + 32)),
    };
  });
}

function dynamicEntries(bytes, segments) {
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!dynamic) throw new Error('not linked dynamically');
  return Array.from({ length: dynamic.fileSize / 16 }, (_, index) => {
    const at = dynamic.offset + index * 16;
    return { tag: bytes.readBigUInt64LE(at), value: bytes.readBigUInt64LE(at + 8) };
  });
}

/** Finds the file offset of a loaded address. */
function findOffset(segments, address) {
  const at = Number(address);
  const segment = segments.find(
    ({ type, address: start, fileSize }) =>
      type === PT_LOAD && at >= start && at < start + fileSize,
  );
  if (!segment) throw new Error(`address ${at} is in no loaded segment`);
  return segment.offset + at - segment.address;
}

/** The names of the versions, as indices into the string table. */
function neededVersions(bytes, start, count) {
  const names = [];
  for (let library = 0, at = start; library < Number(count); library += 1) {
    let version = at + bytes.readUInt32LE(at + 8);
    for (let index = 0; index < bytes.readUInt16LE(at + 2); index += 1) {
      names.push(bytes.readUInt32LE(version + 8));
      version += bytes.readUInt32LE(version + 12);
    }
    at += bytes.readUInt32LE(at + 12);
  }
  return names;
}
