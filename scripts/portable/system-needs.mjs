// Checks what an addon needs from Linux, so that it loads on every Linux that Node itself supports.

import { readElf } from './elf.mjs';

/**
 * Older than the glibc that Node 14 to 24 need:
 * https://github.com/nodejs/node/blob/main/BUILDING.md
 */
export const GLIBC_FLOOR = '2.17';

const LIBRARIES =
  /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|libgcc_s\.so\.1|ld-linux-(x86-64\.so\.2|aarch64\.so\.1))$/;

/** The newest version of glibc that a library was linked against, such as '2.17'. */
export function requiredGlibc(bytes) {
  const versions = readElf(bytes).versions.flatMap(
    (name) => name.match(/^GLIBC_([\d.]+)$/)?.[1] ?? [],
  );
  return versions.sort(compareVersions).at(-1);
}

/** Throws one sentence unless the addon loads on every supported Linux of this architecture. */
export function assertPortable(bytes, { architecture, glibc = GLIBC_FLOOR }) {
  const elf = readElf(bytes);
  if (elf.architecture !== architecture) {
    throw new Error(`it is made for ${elf.architecture}, not for ${architecture}`);
  }
  const others = elf.needed.filter((library) => !LIBRARIES.test(library));
  if (others.length > 0) {
    throw new Error(`it needs ${others.join(', ')}, which slim images do not have`);
  }
  const unknown = elf.versions.filter((version) => /^GLIBC_(?![\d.]+$)/.test(version));
  if (unknown.length > 0) {
    throw new Error(`it needs ${unknown.join(', ')}, which old systems do not have`);
  }
  const needed = requiredGlibc(bytes);
  if (needed !== undefined && compareVersions(needed, glibc) > 0) {
    throw new Error(`it needs glibc ${needed}, which is newer than ${glibc}`);
  }
}

export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = left.findIndex((number, index) => number !== (right[index] ?? 0));
  return at === -1 ? left.length - right.length : left[at] - (right[at] ?? 0);
}
