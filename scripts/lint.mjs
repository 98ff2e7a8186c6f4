// `npm run lint`: format, lints, types, and the two borders of the Rust core.

import { readdirSync, readFileSync } from 'node:fs';
import { installPackages, ROOT, step, tool } from './setup.mjs';

// Each of these may be named in one file only, so that all the others stay pure.
const BORDERS = [
  { module: /^client(\/|\.rs$)/, crates: ['reqwest', 'tokio'] },
  { module: /^binding\.rs$/, crates: ['napi', 'napi_derive'] },
];

installPackages();
step('cargo', ['fmt', '--check']);
step('cargo', ['clippy', '--locked', '--all-targets', '--all-features', '--', '-D', 'warnings']);
checkBorders();
step(tool('biome'), [
  'ci',
  '--error-on-warnings',
  `--colors=${process.stdout.isTTY ? 'force' : 'off'}`,
  '.',
]);
step(tool('tsc'), ['-p', '__tests__']);
step(process.execPath, ['scripts/docs.mjs', '--check']);

function checkBorders() {
  console.log('\n> borders: reqwest and tokio in client only, napi in binding only');
  const trespasses = readdirSync(`${ROOT}/src`, { recursive: true })
    .filter((file) => file.endsWith('.rs'))
    .flatMap((file) => {
      const code = readFileSync(`${ROOT}/src/${file}`, 'utf8').replace(/^\s*\/\/.*$/gm, '');
      return BORDERS.filter((border) => !border.module.test(file))
        .flatMap((border) => border.crates)
        .filter((crate) => new RegExp(`\\b${crate}\\b`).test(code))
        .map((crate) => `src/${file} names ${crate}`);
    });
  if (trespasses.length > 0) {
    console.error(trespasses.join('\n'));
    process.exit(1);
  }
}
