// Compiles the addon and packs it into the marketplace folder.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCargo } from './cargo.mjs';
import { Mistake } from './options.mjs';
import { pack } from './pack.mjs';
import { createProgress } from './progress.mjs';
import { ROOT } from './root.mjs';
import { print } from './terminal.mjs';

const LIBRARIES = { linux: 'libtooljet_openai.so', darwin: 'libtooljet_openai.dylib' };

/**
 * Builds the plugin into `out`, and resolves to the result of `pack`. Compiles the addon for this
 * machine unless `addons` ([{platform, file}]) are given. `debug` is faster, and the result larger.
 */
export async function buildPlugin({
  addons,
  debug = false,
  features,
  external,
  out = ROOT,
  id,
  name,
} = {}) {
  const given = addons ?? [
    {
      platform: `${process.platform}-${process.arch}`,
      file: await compile({ debug, features }),
    },
  ];
  const progress = createProgress('Packing the addon into one file (seconds)');
  // Packing blocks this thread, so the line must be printed first.
  await new Promise(setImmediate);
  try {
    const packed = pack({ root: ROOT, out, addons: given, id, name, external, fast: debug });
    progress.end(`Packed ${megabytes(Buffer.byteLength(packed.entry))} of text`);
    return packed;
  } catch (error) {
    progress.stop();
    throw error;
  }
}

/** Builds the plugin for this machine; resolves to the text of dist/index.js. */
export async function buildText() {
  const { out } = await buildPlugin();
  return readFileSync(join(out, 'dist', 'index.js'), 'utf8');
}

async function compile({ debug, features }) {
  const library = LIBRARIES[process.platform];
  if (!library) {
    throw new Mistake(`the addon is built on Linux and macOS, not on ${process.platform}`);
  }
  const warnings = await runCargo({
    title: debug ? 'Compiling the addon without optimization' : 'Compiling the addon',
    done: debug ? 'Compiled the addon without optimization' : 'Compiled the addon',
    args: [
      // As a cdylib only: with an rlib as well, cargo skips link-time optimization, and the packed
      // addon is 12 % larger.
      ...['rustc', '--locked', '--lib', '--crate-type', 'cdylib'],
      ...(debug ? [] : ['--release']),
      ...(features ? ['--features', features] : []),
    ],
    explains: 'cargo failed; its output is above.',
  });
  if (warnings.some((line) => line !== '')) print(warnings.join('\n'));
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  return join(target, debug ? 'debug' : 'release', library);
}

export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
