// The contenders. Bundles each into the single text that ToolJet would install.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../scripts/setup.mjs';

const BENCH = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);

/** The contender with which all others are compared. */
export const OURS = 'ours';
/** The floor: it makes no requests. */
export const EMPTY = 'empty';

export const CONTENDERS = [
  { id: 'openai-4', name: `openai ${readVersion('openai-4')}` },
  { id: 'openai-latest', name: `openai ${readVersion('openai-latest')}` },
  { id: 'fetch', name: 'thinnest fetch' },
  { id: 'node-http', name: 'thinnest node:http' },
  { id: OURS, name: 'this plugin' },
  { id: EMPTY, name: 'empty plugin (floor)' },
];

/**
 * Bundles the contenders with ncc, as ToolJet does, and returns them, each with the `file` of its
 * text. `plugin` is the file of this plugin.
 */
export async function bundledContenders(plugin) {
  const out = join(ROOT, 'target', 'bench', 'contenders');
  mkdirSync(out, { recursive: true });
  const bundle = require('@vercel/ncc');
  const contenders = [];
  for (const contender of CONTENDERS) {
    let file = plugin;
    if (contender.id !== OURS) {
      file = join(out, `${contender.id}.js`);
      const source = join(BENCH, 'contenders', `${contender.id}.js`);
      const { code } = await bundle(source, { cache: false, quiet: true });
      writeFileSync(file, code);
    }
    contenders.push({ ...contender, file, bytes: readFileSync(file).length });
  }
  return contenders;
}

/** The exact version that package.json names: `npm:openai@4.56.2`. */
function readVersion(name) {
  const { devDependencies } = JSON.parse(readFileSync(join(BENCH, 'package.json'), 'utf8'));
  return devDependencies[name].split('@').at(-1);
}
