// npm run lint: checks format, lints, types, generated pages, and the boundaries of the Rust core.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { operationTypes } from '../forms/operation-types.mjs';
import { boundaryViolations } from './boundaries.mjs';
import { runCargo } from './cargo.mjs';
import { Mistake, runCommand } from './options.mjs';
import { binPath, installPackages, ROOT } from './setup.mjs';
import { runStep } from './steps.mjs';
import { duration, print, printWrapped } from './terminal.mjs';

const COMMAND = {
  command: 'npm run lint',
  about:
    'Checks format, lints and types, that the generated pages are up to date, and what each part of src/ may name.',
};

await runCommand(COMMAND, async () => {
  const started = performance.now();
  await installPackages();
  await check('rustfmt', 'cargo', ['fmt', '--check']);
  await runCargo({
    title: 'clippy',
    done: 'clippy: ok',
    args: [
      ...['clippy', '--locked', '--all-targets', '--all-features'],
      ...['--', '-D', 'warnings'],
    ],
  });
  checkBoundaries();
  const colors = `--colors=${process.stderr.isTTY ? 'force' : 'off'}`;
  await check('Biome', binPath('biome'), ['ci', '--error-on-warnings', colors, '.']);
  writeTypes();
  await check('tsc', binPath('tsc'), ['-p', '__tests__']);
  await check('Generated pages', process.execPath, ['scripts/docs.mjs', '--check']);
  printWrapped(`No problems found, in ${duration(performance.now() - started)}.`, 'green');
});

function check(title, command, args) {
  const explains = `${title} reported problems; they are above.`;
  return runStep({ title, done: `${title}: ok`, command, args, explains });
}

/** Writes the types as a build does: index.d.ts needs them even if nothing was built. */
function writeTypes() {
  mkdirSync(`${ROOT}/dist`, { recursive: true });
  writeFileSync(`${ROOT}/dist/operations.d.ts`, operationTypes());
}

function checkBoundaries() {
  const folder = `${ROOT}/src`;
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.rs'));
  const violations = files.flatMap((file) =>
    boundaryViolations(file, readFileSync(`${folder}/${file}`, 'utf8')),
  );
  if (violations.length > 0) {
    for (const violation of violations) console.error(violation);
    throw new Mistake('the boundaries of src/ are violated; see above.');
  }
  print('Boundaries of src/: ok');
}
