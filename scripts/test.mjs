// `npm test`: installs what is missing, then runs all tests. `npm test -- __tests__/forms.test.mjs`
// runs the named Node test files only.

import { readdirSync } from 'node:fs';
import { installPackages, ROOT, runOrExit } from './setup.mjs';

const named = process.argv.slice(2);

installPackages();
if (named.length === 0) {
  runOrExit('cargo', ['test', '--locked']);
}
runOrExit(process.execPath, ['scripts/build.mjs']);
// Builds a second addon, in which a query can panic on purpose.
runOrExit(process.execPath, [
  'scripts/build.mjs',
  '--debug',
  '--features',
  'panic-probe',
  '--out',
  'target/panic-probe',
]);
runOrExit(process.execPath, [
  '--test',
  '--test-reporter=spec',
  ...(named.length > 0 ? named : nodeTests()),
]);

function nodeTests() {
  return readdirSync(`${ROOT}/__tests__`, { recursive: true })
    .filter((file) => file.endsWith('.test.mjs'))
    .sort()
    .map((file) => `__tests__/${file}`);
}
