// npm run build: compiles the addon and writes the marketplace folder (dist/ and lib/).

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pack } from './pack.mjs';

const USAGE = `npm run build -- [options]
  --id ID                 plugin id (source.kind), to install it next to ToolJet's own: openai_native
  --name NAME             name in ToolJet (source.name): "OpenAI (native)"
                          Without --id, the build keeps the id and the name of the last build;
                          --id openai goes back to ToolJet's.
  --out DIR               write dist/ and lib/ there instead of here
  --addon PLATFORM=FILE   pack this addon instead of compiling one; may be repeated:
                          --addon linux-x64=a.node --addon linux-arm64=b.node
  --external              write the addons next to dist/index.js, as files for
                          TOOLJET_OPENAI_ADDON_DIR, and not inside it
  --debug                 compile without optimization, pack without the size limit
  --features LIST         cargo features`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  build(options());
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}

function options() {
  const { values } = parseArgs({
    options: {
      id: { type: 'string' },
      name: { type: 'string' },
      out: { type: 'string', default: root },
      addon: { type: 'string', multiple: true },
      external: { type: 'boolean', default: false },
      debug: { type: 'boolean', default: false },
      features: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

function build({ id, name, out, addon, external, debug, features, help }) {
  if (help) {
    console.log(USAGE);
    return;
  }
  const addons = addon
    ? addon.map(givenAddon)
    : [{ platform: `${process.platform}-${process.arch}`, file: compile({ debug, features }) }];
  const packed = pack({ root, out, addons, id, name, fast: debug, external });
  for (const { platform, base64, bytes } of packed.addons) {
    const size = megabytes((base64 ?? bytes).length);
    console.log(`  ${platform}: ${size} ${external ? 'next to' : 'of'} dist/index.js`);
  }
  const { id: keptId, name: keptName } = packed.kept;
  const kept = [keptId && `id ${keptId}`, keptName && `name "${keptName}"`].filter(Boolean);
  if (kept.length > 0) {
    console.log(`${kept.join(' and ')}, kept from the last build; --id openai goes back`);
  }
  const where = relative(process.cwd(), join(packed.out, 'dist', 'index.js'));
  console.log(`${where}: ${megabytes(Buffer.byteLength(packed.entry))}`);
}

function givenAddon(text) {
  const [, platform, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (!file) throw new Error(`--addon ${text}: expected PLATFORM=FILE`);
  if (!existsSync(file)) throw new Error(`--addon ${text}: there is no such file`);
  return { platform, file };
}

function compile({ debug, features }) {
  const library = { linux: 'libtooljet_openai.so', darwin: 'libtooljet_openai.dylib' };
  if (!library[process.platform]) {
    throw new Error(`the addon is built on Linux and macOS, not on ${process.platform}`);
  }
  const { error, status } = spawnSync(
    'cargo',
    [
      // As a cdylib only: with an rlib as well, cargo skips link-time optimization, and the packed
      // addon is 12 % larger.
      ...['rustc', '--locked', '--lib', '--crate-type', 'cdylib'],
      ...(debug ? [] : ['--release']),
      ...(features ? ['--features', features] : []),
    ],
    { cwd: root, stdio: 'inherit' },
  );
  if (error?.code === 'ENOENT') {
    throw new Error('cargo was not found. Install Rust from https://rustup.rs, then try again.');
  }
  if (error) throw error;
  if (status !== 0) throw new Error('cargo did not succeed; its own output is above.');
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  return join(target, debug ? 'debug' : 'release', library[process.platform]);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
