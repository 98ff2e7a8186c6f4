// Reads the marketplace folder that `npm run build` wrote, for the scripts that serve, install or
// export it.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from './root.mjs';

/** The four files that ToolJet's server downloads, with their media types. */
export const FILES = {
  'dist/index.js': 'text/javascript; charset=utf-8',
  'lib/manifest.json': 'application/json; charset=utf-8',
  'lib/operations.json': 'application/json; charset=utf-8',
  'lib/icon.svg': 'image/svg+xml; charset=utf-8',
};

/** The option --folder of these scripts. */
export const FOLDER = {
  type: 'string',
  value: 'DIR',
  default: ROOT,
  read: (text) => resolve(text),
  help: 'the built folder with dist/ and lib/ (default: this one)',
};

export function readFile(folder, path) {
  try {
    return readFileSync(join(folder, path));
  } catch (error) {
    const reason = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code})`;
    throw new Error(`${join(folder, path)} ${reason}: run npm run build first`);
  }
}

/** Reads the plugin in a folder; throws unless all four files exist. */
export function readPlugin(folder) {
  for (const path of Object.keys(FILES)) readFile(folder, path);
  const manifest = JSON.parse(readFile(folder, 'lib/manifest.json'));
  const { kind, name } = manifest.source;
  return { id: kind, name, description: manifest.description, manifest };
}
