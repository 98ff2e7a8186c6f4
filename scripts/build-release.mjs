// npm run build:release: compiles the addon for every Linux that ToolJet runs on, on any Linux
// machine, and packs it into the marketplace folder.

import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './options.mjs';
import { rustEnvironment } from './portable/rust-std.mjs';
import { assertPortable, GLIBC_FLOOR, requiredGlibc } from './portable/system-needs.mjs';
import { zigEnvironment } from './portable/zig.mjs';
import { ROOT, runOrExit } from './setup.mjs';

const TRIPLES = {
  x64: 'x86_64-unknown-linux-gnu',
  arm64: 'aarch64-unknown-linux-gnu',
};

const COMMAND = {
  command: 'npm run build:release',
  about: `Compiles the addon for Linux with glibc ${GLIBC_FLOOR} or newer, and packs it into the marketplace folder. Sets up its own tools under target/.`,
  options: {
    targets: {
      type: 'string',
      value: 'LIST',
      default: 'x64,arm64',
      read: readTargets,
      help: 'x64, arm64 or both, the default: x64,arm64',
    },
    'no-pack': {
      type: 'boolean',
      default: false,
      help: 'write the addons to target/addons/ only',
    },
    id: { type: 'string', value: 'ID', help: 'as for npm run build' },
    name: { type: 'string', value: 'NAME', help: 'as for npm run build' },
    out: { type: 'string', value: 'DIR', help: 'as for npm run build' },
    external: { type: 'boolean', default: false, help: 'as for npm run build' },
    addon: {
      type: 'string',
      value: 'PLATFORM=FILE',
      multiple: true,
      default: [],
      help: 'also pack this addon; may be repeated',
    },
  },
};

await runCommand(COMMAND, buildRelease);

/** The architectures of `--targets`, each once. */
function readTargets(text) {
  const architectures = [...new Set(text.split(',').map((target) => target.trim()))];
  if (architectures.some((architecture) => !TRIPLES[architecture])) {
    throw new Error(`--targets ${text}: each is one of ${Object.keys(TRIPLES).join(', ')}`);
  }
  return architectures;
}

function buildRelease({ targets, addon, external, id, name, out, 'no-pack': addonsOnly }) {
  const addons = targets.map((architecture) => `linux-${architecture}=${compile(architecture)}`);
  if (addonsOnly) return;
  const passedOn = Object.entries({ id, name, out }).filter(([, value]) => value !== undefined);
  runOrExit(process.execPath, [
    'scripts/build.mjs',
    ...[...addons, ...addon].flatMap((each) => ['--addon', each]),
    ...(external ? ['--external'] : []),
    ...passedOn.flatMap(([option, value]) => [`--${option}`, value]),
  ]);
}

/** Compiles the addon for an architecture, checks that it is portable, and returns its file. */
function compile(architecture) {
  const triple = TRIPLES[architecture];
  const tools = join(ROOT, 'target', 'tools');
  const rust = rustEnvironment(triple, tools);
  // A folder for each compiler, because they cannot use each other's output.
  const target = join(ROOT, 'target', 'release-build', rust.RUSTC ? 'debian-rust' : 'rust');
  runOrExit(
    'cargo-zigbuild',
    [
      ...['rustc', '--locked', '--release', '--lib', '--crate-type', 'cdylib'],
      ...['--target', `${triple}.${GLIBC_FLOOR}`],
    ],
    { env: { ...process.env, ...rust, ...zigEnvironment(tools), CARGO_TARGET_DIR: target } },
  );
  const built = join(target, triple, 'release', 'libtooljet_openai.so');
  const bytes = readFileSync(built);
  try {
    assertPortable(bytes, { architecture });
  } catch (error) {
    throw new Error(
      `the addon for linux-${architecture} would not load everywhere: ${error.message}`,
    );
  }
  console.log(`linux-${architecture} needs glibc ${requiredGlibc(bytes)}, and no other library`);
  const addons = join(ROOT, 'target', 'addons');
  mkdirSync(addons, { recursive: true });
  const file = join(addons, `tooljet-openai-linux-${architecture}.node`);
  copyFileSync(built, file);
  return file;
}
