// The checks of the release build, on a file that fails them: Node itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readElf } from '../scripts/portable/elf.mjs';
import {
  assertPortable,
  compareVersions,
  requiredGlibc,
} from '../scripts/portable/system-needs.mjs';
import { addon } from './loading/sandbox.mjs';

const skip = process.platform !== 'linux' && 'only Linux has ELF files';
const architecture = process.arch;

describe('an addon for Linux', { skip }, () => {
  test('accepts an addon built with the oldest supported glibc', () => {
    assertPortable(addon, { architecture, glibc: requiredGlibc(addon) });
  });

  test('rejects an addon that needs a newer glibc than allowed', () => {
    assert.throws(() => assertPortable(addon, { architecture, glibc: '2.2' }), {
      message: `it needs glibc ${requiredGlibc(addon)}, which is newer than 2.2`,
    });
  });

  test('rejects an addon that needs a library that slim images do not have', () => {
    const node = readFileSync(process.execPath);
    assert.ok(readElf(node).needed.includes('libstdc++.so.6'));
    assert.throws(() => assertPortable(node, { architecture, glibc: '3' }), {
      message: 'it needs libstdc++.so.6, which slim images do not have',
    });
  });

  test('rejects an addon of another architecture', () => {
    assert.throws(() => assertPortable(addon, { architecture: 'riscv64' }), {
      message: `it is made for ${architecture}, not for riscv64`,
    });
  });

  test('finds the libraries that the system linker finds', () => {
    assert.ok(readElf(addon).needed.includes('libc.so.6'));
  });
});

test('rejects a file that is not ELF', () => {
  assert.throws(() => readElf(Buffer.alloc(100)), /^Error: not a 64-bit little-endian ELF file$/);
});

test('compares versions number by number', () => {
  const sorted = ['2.2.5', '2.3', '2.9', '2.17', '2.34', '3'];
  assert.deepEqual(sorted.toReversed().sort(compareVersions), sorted);
  assert.equal(compareVersions('2.17', '2.17'), 0);
});
