// Provides a Rust compiler with the standard library of a target.

import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output, outputIfAny } from './command.mjs';
import { unpackDebian } from './debian.mjs';
import { ensureFilled } from './once.mjs';

const DEBIAN_ARCHITECTURES = { 'aarch64-unknown-linux-gnu': 'arm64' };

/**
 * Returns the environment in which cargo compiles for the target: this machine's own, if it can.
 */
export function rustEnvironment(target, cache) {
  if (hasStandardLibrary('rustc', target)) return {};
  outputIfAny('rustup', ['target', 'add', target], { timeout: 300_000 });
  if (hasStandardLibrary('rustc', target)) return {};
  try {
    const rustc = join(debianRust(target, cache), 'rustc');
    if (!hasStandardLibrary(rustc, target)) throw new Error('its standard library was not found');
    return { RUSTC: rustc };
  } catch (error) {
    throw new Error(
      `there is no Rust standard library for ${target}: rustup target add ${target} failed, and Debian's rustc-web could not be used either (${error.message})`,
    );
  }
}

function hasStandardLibrary(rustc, target) {
  const folder = outputIfAny(rustc, ['--print', 'target-libdir', '--target', target]);
  return (
    folder !== undefined &&
    existsSync(folder) &&
    readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(name))
  );
}

/** Debian keeps a recent Rust for its browsers, with the standard library of each architecture. */
function debianRust(target, cache) {
  const architecture = DEBIAN_ARCHITECTURES[target];
  if (!architecture || process.arch !== 'x64') {
    throw new Error('it can be fetched only on x64, for arm64');
  }
  return ensureFilled(join(cache, `rust-${architecture}`), (folder) => {
    const release = 'bookworm';
    unpackDebian(['rustc-web'], { release, architecture: 'amd64', into: folder, missing: true });
    unpackDebian(['libstd-rust-web-dev'], { release, architecture, into: folder });
    const rustc = join(folder, 'rustc');
    writeFileSync(
      rustc,
      `#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH="$here/usr/lib/x86_64-linux-gnu" exec "$here/usr/bin/rustc" "$@"
`,
    );
    chmodSync(rustc, 0o755);
    output(rustc, ['--version']);
  });
}
