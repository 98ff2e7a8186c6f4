// What the release build checks of each addon, tried on a file that fails it: Node itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readElf } from '../scripts/portable/elf.mjs';
import { assertPortable, compareVersions, glibcOf } from '../scripts/portable/system-needs.mjs';
import { addon } from './loading/sandbox.mjs';

const skip = process.platform !== 'linux' && 'only Linux has ELF files';
const architecture = process.arch;

describe('an addon for Linux', { skip }, () => {
  test('is portable as far as glibc goes that it was built with', () => {
    assertPortable(addon, { architecture, glibc: glibcOf(addon) });
  });

  test('is refused where it needs a newer glibc than it may', () => {
    assert.throws(() => assertPortable(addon, { architecture, glibc: '2.2' }), {
      message: `it needs glibc ${glibcOf(addon)}, which is newer than 2.2`,
    });
  });

  test('is refused where it needs a library that slim images do not have', () => {
    const node = readFileSync(process.execPath);
    assert.ok(readElf(node).needed.includes('libstdc++.so.6'));
    assert.throws(() => assertPortable(node, { architecture, glibc: '3' }), {
      message: 'it needs libstdc++.so.6, which slim images do not have',
    });
  });

  test('is refused where it was made for another architecture', () => {
    assert.throws(() => assertPortable(addon, { architecture: 'riscv64' }), {
      message: `it is made for ${architecture}, not for riscv64`,
    });
  });

  test('names the libraries that the linker of the system finds for it', () => {
    assert.ok(readElf(addon).needed.includes('libc.so.6'));
  });
});

test('a file that is not ELF is an error that says so', () => {
  assert.throws(() => readElf(Buffer.alloc(100)), /^Error: not a 64-bit little-endian ELF file$/);
});

test('versions compare number by number', () => {
  const sorted = ['2.2.5', '2.3', '2.9', '2.17', '2.34', '3'];
  assert.deepEqual(sorted.toReversed().sort(compareVersions), sorted);
  assert.equal(compareVersions('2.17', '2.17'), 0);
});
