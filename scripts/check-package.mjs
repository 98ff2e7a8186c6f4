// npm run prepack, which npm pack runs first: fails unless dist/ is a build of this version.

import { Mistake, runCommand } from './options.mjs';
import { packageProblems } from './package-problems.mjs';
import { ROOT } from './setup.mjs';

const COMMAND = {
  command: 'npm run prepack',
  about:
    'Checks that dist/ and lib/ are a build of this version with its addon inside. npm pack runs it first.',
};

await runCommand(COMMAND, () => {
  const problems = packageProblems(ROOT);
  if (problems.length > 0) throw new Mistake(problems.join('\n'));
});
