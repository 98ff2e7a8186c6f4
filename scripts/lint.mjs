// `npm run lint`: format, lints, types, and the boundaries of the Rust core.

import { readdirSync, readFileSync } from 'node:fs';
import { boundaryViolations } from './boundaries.mjs';
import { installPackages, ROOT, step, tool } from './setup.mjs';

installPackages();
step('cargo', ['fmt', '--check']);
step('cargo', ['clippy', '--locked', '--all-targets', '--all-features', '--', '-D', 'warnings']);
checkBoundaries();
step(tool('biome'), [
  'ci',
  '--error-on-warnings',
  `--colors=${process.stdout.isTTY ? 'force' : 'off'}`,
  '.',
]);
step(tool('tsc'), ['-p', '__tests__']);
step(process.execPath, ['scripts/docs.mjs', '--check']);

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
