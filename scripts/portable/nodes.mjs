// Provides Node in any version and for any platform, from the npm registry.

import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from './command.mjs';
import { needsApt, unpackDebian } from './debian.mjs';
import { ensureFilled } from './once.mjs';

/** Its libc is the oldest that Debian still serves. */
const OLD_RELEASE = 'bullseye';
const LIBC = ['libc6', 'libstdc++6', 'libgcc-s1'];

/** Returns the executable of a version, which may be a range such as 20.x. */
export function fetchNode(version, cache, platform = `${process.platform}-${process.arch}`) {
  const folder = ensureFilled(join(cache, `${version}-${platform}`), (partial) => {
    console.log(`> Node ${version} for ${platform}`);
    const name = `node-${platform}@${version}`;
    // npm checks the integrity of what it fetches.
    output('npm', ['pack', '--silent', '--pack-destination', partial, name]);
    const [archive] = readdirSync(partial);
    output('tar', ['-xzf', archive, '--strip-components=1'], { cwd: partial });
    rmSync(join(partial, archive));
  });
  return join(folder, 'bin', 'node');
}

/** Why the two Nodes below are not available here; false if they are. */
export const needsDebian =
  process.platform !== 'linux' || process.arch !== 'x64' ? 'this needs Linux on x64' : needsApt;

/** A Node of this platform that runs with the C library of Debian 11. */
export function nodeOnOldLibc(version, cache) {
  const system = debianSystem('amd64', cache);
  const libraries = ['lib', 'usr/lib'].map((folder) => join(system, folder, 'x86_64-linux-gnu'));
  const loader = readdirSync(libraries[0]).find((name) => /^ld-[\d.]+\.so$/.test(name));
  return wrapper(join(cache, `${version}-old-libc`), [
    join(libraries[0], loader),
    '--library-path',
    libraries.join(':'),
    fetchNode(version, cache),
  ]);
}

/** A Node for arm64 with the C library of Debian 11, emulated. */
export function nodeOnArm64(version, cache) {
  const emulator = ensureFilled(join(cache, 'qemu'), (into) =>
    unpackDebian(['qemu-user-static'], { release: 'bookworm', architecture: 'amd64', into }),
  );
  return wrapper(join(cache, `${version}-emulated`), [
    join(emulator, 'usr', 'bin', 'qemu-aarch64-static'),
    '-L',
    debianSystem('arm64', cache),
    fetchNode(version, cache, 'linux-arm64'),
  ]);
}

function debianSystem(architecture, cache) {
  return ensureFilled(join(cache, `debian-${architecture}`), (into) =>
    unpackDebian(LIBC, { release: OLD_RELEASE, architecture, into }),
  );
}

function wrapper(file, command) {
  writeFileSync(file, `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}
