// npm run prepack, which npm pack runs first: fails unless dist/ is a build of this version.

import { packageProblems } from './package-problems.mjs';
import { ROOT } from './setup.mjs';

for (const problem of packageProblems(ROOT)) {
  console.error(`npm pack: ${problem}`);
  process.exitCode = 1;
}
