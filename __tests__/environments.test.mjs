// What CI, Dependabot and the containers repeat is as in the files that define it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(`${ROOT}${path}`, 'utf8');
const FILES = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
const WORKFLOWS = FILES.filter((path) => path.startsWith('.github/workflows/'));
const { scripts, engines } = JSON.parse(read('package.json'));
const devcontainer = JSON.parse(read('.devcontainer/devcontainer.json'));

const captured = (text, pattern) => Array.from(text.matchAll(pattern), ([, found]) => found);
const parts = (version) => version.split('.').map(Number);

/** Whether `version` is at least `minimum`, as far as `minimum` goes. */
function isAtLeast(version, minimum) {
  const own = parts(version);
  const different = parts(minimum).findIndex((part, at) => part !== own[at]);
  return different === -1 || own[different] > parts(minimum)[different];
}

test('Dependabot updates every lock file except the benchmark, whose versions are pinned', () => {
  const LOCKS = { cargo: 'Cargo.lock', npm: 'package-lock.json' };
  const updated = read('.github/dependabot.yml')
    .split('- package-ecosystem: ')
    .slice(1)
    .flatMap((text) => {
      const [, ecosystem, places] = /^(\S+)\n[\s\S]*?director(?:y|ies): (.*)/.exec(text);
      const folders = captured(places, /(\/[\w/]*)/g).map((place) => place.slice(1) || '.');
      return LOCKS[ecosystem] ? folders.map((folder) => `${ecosystem} ${folder}`) : [];
    });
  const locked = Object.entries(LOCKS).flatMap(([ecosystem, lock]) =>
    FILES.filter((path) => path.split('/').at(-1) === lock).map(
      (path) => `${ecosystem} ${dirname(path)}`,
    ),
  );
  assert.deepEqual([...updated, 'npm bench'].toSorted(), locked.toSorted());
});

test('CI and the development container run the Node of ToolJet, which package.json allows', () => {
  const [ofToolJet] = parts(JSON.parse(read('bench/package.json')).devDependencies.node);
  const inContainer = devcontainer.features['ghcr.io/devcontainers/features/node:1'].version;
  const inCi = WORKFLOWS.flatMap((path) => {
    // The last job of a release runs no code of the repository.
    const [own] = read(path).split('\n  publish:\n');
    return captured(own, /node-version: (.*)/g);
  });
  assert.deepEqual([...new Set([inContainer, ...inCi])], [`${ofToolJet}`]);
  assert.ok(isAtLeast(inContainer, engines.node.replace('>=', '')));
});

test('CI counts instructions with the compiler of the baseline, which Cargo.toml allows', () => {
  const { rustc } = JSON.parse(read('bench/instructions-baseline.json'));
  const [, ofBaseline] = /^rustc (\S+)/.exec(rustc);
  const ci = read('.github/workflows/ci.yml');
  const [chosen] = captured(ci, /RUSTUP_TOOLCHAIN: "(.*)"/g);
  const [installed] = captured(ci, /rustup toolchain install .*?(\d\S*)$/gm);
  assert.deepEqual([chosen, installed], [ofBaseline, ofBaseline]);
  const [required] = captured(read('Cargo.toml'), /^rust-version = "(.*)"/gm);
  assert.ok(isAtLeast(ofBaseline, required));
});

test('the development container forwards the port of the playground', () => {
  const [port] = captured(read('scripts/start.mjs'), /default: '(\d+)'/g).map(Number);
  assert.deepEqual(devcontainer.forwardPorts, [port]);
  assert.deepEqual(Object.keys(devcontainer.portsAttributes), [`${port}`]);
});

test('CI, the templates and the Dockerfile call npm commands that exist', () => {
  const places = [...WORKFLOWS, '.ci/run', '.github/PULL_REQUEST_TEMPLATE.md', 'docker/Dockerfile'];
  const called = places.flatMap((path) => captured(read(path), /npm run ([\w:]+)/g));
  assert.deepEqual(
    called.filter((name) => !(name in scripts)),
    [],
  );
  assert.ok(called.includes('build:release'));
});

test('the Dockerfile copies files that exist, and names the folder in the variable that the plugin reads', () => {
  const dockerfile = read('docker/Dockerfile');
  const [copied] = captured(dockerfile, /^COPY (.*) \S+$/gm);
  const [built, ...own] = copied.split(' ');
  assert.equal(built, JSON.parse(read('package.json')).main);
  assert.deepEqual(
    own.filter((path) => !existsSync(`${ROOT}${path}`)),
    [],
  );
  const [variable] = captured(dockerfile, /^ENV (\w+)=/gm);
  assert.match(read('src/entry/folders.js'), new RegExp(`\\b${variable}\\b.* = process\\.env;`));
});
