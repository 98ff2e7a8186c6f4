// Finds reasons not to publish a built folder as a package.

import { FILES, readFile } from './built-plugin.mjs';
import { packedAddons } from './pack.mjs';

/** Why the folder cannot be published, in sentences. */
export function packageProblems(folder) {
  const read = (path) => String(readFile(folder, path));
  try {
    for (const path of [...Object.keys(FILES), 'dist/operations.d.ts']) read(path);
  } catch (error) {
    return [error.message];
  }
  const { version } = JSON.parse(read('package.json'));
  const { kind } = JSON.parse(read('lib/manifest.json')).source;
  const entry = read('dist/index.js');
  return [
    !entry.startsWith(`// tooljet-openai ${version},`) &&
      `dist/index.js is not of version ${version}: run npm run build`,
    packedAddons(entry).length === 0 &&
      'dist/index.js has no addon inside: run npm run build without --external',
    kind !== 'openai' &&
      `the plugin was built with the id ${kind}: run npm run build -- --id openai`,
  ].filter(Boolean);
}
