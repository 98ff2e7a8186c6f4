// `npm run lint`: format, lints, types, and the boundaries of the Rust core.

import { readdirSync, readFileSync } from 'node:fs';
import { boundaryViolations } from './boundaries.mjs';
import { binPath, installPackages, ROOT, runOrExit } from './setup.mjs';

installPackages();
runOrExit('cargo', ['fmt', '--check']);
runOrExit('cargo', [
  'clippy',
  '--locked',
  '--all-targets',
  '--all-features',
  '--',
  '-D',
  'warnings',
]);
checkBoundaries();
runOrExit(binPath('biome'), [
  'ci',
  '--error-on-warnings',
  `--colors=${process.stdout.isTTY ? 'force' : 'off'}`,
  '.',
]);
runOrExit(binPath('tsc'), ['-p', '__tests__']);
runOrExit(process.execPath, ['scripts/docs.mjs', '--check']);

function checkBoundaries() {
  console.log('\n> boundaries: what each wing of src/ may name');
  const folder = `${ROOT}/src`;
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.rs'));
  const violations = files.flatMap((file) =>
    boundaryViolations(file, readFileSync(`${folder}/${file}`, 'utf8')),
  );
  if (violations.length > 0) {
    console.error(violations.join('\n'));
    process.exit(1);
  }
}
