// Debian's packages, fetched by apt, which checks their signatures, and unpacked without being
// installed: from any release, for any architecture, as any user.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from './command.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const ARCHIVE = 'http://deb.debian.org/debian';
const SECURITY = 'http://deb.debian.org/debian-security';

const SOURCES = {
  bullseye: [`${ARCHIVE} bullseye main`],
  bookworm: [
    `${ARCHIVE} bookworm main`,
    `${ARCHIVE} bookworm-updates main`,
    `${SECURITY} bookworm-security main`,
  ],
};

/** Why packages cannot be fetched here; false if they can. */
export const needsApt =
  !(existsSync('/usr/bin/apt-get') && existsSync(KEYRING)) &&
  'this needs a machine with apt-get and the package debian-archive-keyring';

/**
 * Unpacks packages of a release into a folder; with `missing`, also the dependencies that this
 * machine lacks.
 */
export function unpackDebian(packages, { release, architecture, into, missing = false }) {
  if (needsApt) throw new Error(needsApt);
  const work = mkdtempSync(`${into}.apt-`);
  try {
    const apt = privateApt(work, { release, architecture, installed: missing });
    console.log(`> Debian ${release}, ${architecture}: ${packages.join(' ')}`);
    apt('update');
    if (missing) apt('install', '--yes', '--download-only', '--no-install-recommends', ...packages);
    else apt('download', ...packages.map((name) => `${name}:${architecture}`));
    const archives = [work, join(work, 'cache', 'archives')].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.deb'))
        .map((name) => join(folder, name)),
    );
    for (const archive of archives) output('dpkg-deb', ['--extract', archive, into]);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Runs apt-get with its own lists and caches, so that those of the machine do not change. */
function privateApt(work, { release, architecture, installed }) {
  for (const folder of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  const sources = SOURCES[release].map((source) => `deb [signed-by=${KEYRING}] ${source}\n`);
  writeFileSync(join(work, 'sources.list'), sources.join(''));
  writeFileSync(join(work, 'nothing'), '');
  const settings = {
    'Dir::State': join(work, 'state'),
    'Dir::State::status': installed ? '/var/lib/dpkg/status' : join(work, 'nothing'),
    'Dir::Cache': join(work, 'cache'),
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'APT::Architecture': installed ? 'amd64' : architecture,
    'APT::Architectures': installed ? 'amd64' : architecture,
    'APT::Sandbox::User': '',
    // Nothing is installed, so the machine's lock is not needed.
    'Debug::NoLocking': '1',
    'Acquire::Languages': 'none',
    // Releases that are no longer maintained are allowed.
    'Acquire::Check-Valid-Until': 'false',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (...args) =>
    output('apt-get', ['-qq', ...options, ...args], {
      cwd: work,
      title: `apt-get ${args.join(' ')}`,
    });
}
