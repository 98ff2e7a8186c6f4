// npm run build:release: compiles the addon for every Linux that ToolJet runs on, on any Linux
// machine, and packs it into the marketplace folder.

import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rustEnvironment } from './portable/rust-std.mjs';
import { assertPortable, GLIBC_FLOOR, requiredGlibc } from './portable/system-needs.mjs';
import { zigEnvironment } from './portable/zig.mjs';
import { ROOT, runOrExit } from './setup.mjs';

const TRIPLES = {
  x64: 'x86_64-unknown-linux-gnu',
  arm64: 'aarch64-unknown-linux-gnu',
};

const USAGE = `npm run build:release -- [options]
  --targets LIST          x64, arm64 or both, the default: x64,arm64
  --no-pack               write the addons to target/addons/ only
  --id, --name, --out     as for npm run build, and so is --external
  --addon PLATFORM=FILE   pack this one too; may be repeated

Builds for Linux with glibc ${GLIBC_FLOOR} or newer. Sets up its own tools under target/.
`;

try {
  buildRelease(options());
} catch (error) {
  console.error(`build:release: ${error.message}`);
  process.exitCode = 1;
}

function options() {
  const { values } = parseArgs({
    options: {
      targets: { type: 'string', default: 'x64,arm64' },
      'no-pack': { type: 'boolean', default: false },
      id: { type: 'string' },
      name: { type: 'string' },
      out: { type: 'string' },
      addon: { type: 'string', multiple: true, default: [] },
      external: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const architectures = [...new Set(values.targets.split(',').map((target) => target.trim()))];
  const unknown = architectures.filter((architecture) => !TRIPLES[architecture]);
  if (unknown.length > 0) {
    throw new Error(
      `--targets ${values.targets}: each is one of ${Object.keys(TRIPLES).join(', ')}`,
    );
  }
  return { ...values, architectures };
}

function buildRelease({
  architectures,
  addon,
  external,
  id,
  name,
  out,
  help,
  'no-pack': addonsOnly,
}) {
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const addons = architectures.map(
    (architecture) => `linux-${architecture}=${compile(architecture)}`,
  );
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
  // Each compiler has its own folder, as neither can use the other's output.
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
