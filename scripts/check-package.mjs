// npm pack runs this first: what is packed must be a build of this version with its addon inside.

import { fileURLToPath } from 'node:url';
import { FILES, readFile } from './built-plugin.mjs';
import { packedAddons } from './pack.mjs';
import { ROOT } from './setup.mjs';

/** Why the folder cannot be published, in sentences. */
export function packageProblems(folder) {
  const read = (path) => String(readFile(folder, path));
  try {
    for (const path of Object.keys(FILES)) read(path);
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const problem of packageProblems(ROOT)) {
    console.error(`npm pack: ${problem}`);
    process.exitCode = 1;
  }
}
