// npm run test:browser: the playground's tests, in Chromium.

import { existsSync, readdirSync } from 'node:fs';
import { prepare } from '../playground/prepare.mjs';
import { runNodeTests } from './node-tests.mjs';
import { Mistake, runCommand } from './options.mjs';
import { ROOT } from './setup.mjs';
import { runStep } from './steps.mjs';
import { duration, printWrapped } from './terminal.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const COMMAND = {
  command: 'npm run test:browser',
  about: "Runs the playground's tests in Chromium. Installs and builds what is missing.",
  files: '[playground/test/FILE.test.mjs ...]',
  notes: [
    'With files, only these run, and each test is shown. CHROMIUM is the path of another browser than /usr/bin/chromium.',
  ],
};

await runCommand(COMMAND, async ({ files }) => {
  const started = performance.now();
  await ensureChromium();
  await prepare();
  const isAll = files.length === 0;
  const { passed, failed, skipped } = await runNodeTests({
    title: 'Browser tests',
    files: isAll ? testFiles() : files,
    // One file at a time, because each starts a browser.
    args: ['--test-concurrency=1'],
    env: { CHROMIUM },
    inFull: !isAll,
  });
  const time = duration(performance.now() - started);
  if (failed > 0) {
    throw new Mistake(`${failed} of ${passed + failed} tests failed, in ${time}; they are above.`);
  }
  const also = skipped > 0 ? ` (${skipped} skipped)` : '';
  printWrapped(`${isAll ? 'All ' : ''}${passed} browser tests passed, in ${time}${also}.`, 'green');
});

function testFiles() {
  return readdirSync(`${ROOT}/playground/test`)
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => `playground/test/${name}`);
}

async function ensureChromium() {
  if (existsSync(CHROMIUM)) return;
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (process.env.CHROMIUM || !mayInstall) {
    throw new Mistake(
      `there is no Chromium at ${CHROMIUM}. Install it (on Debian: apt-get install chromium), or set CHROMIUM to the path of one, such as that of Chrome.`,
    );
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const step = { command: 'apt-get', env };
  await runStep({
    ...step,
    title: 'Looking for Chromium',
    done: 'Found Chromium',
    args: ['update', '-q'],
  });
  await runStep({
    ...step,
    title: 'Installing Chromium',
    done: 'Installed Chromium',
    args: ['install', '-q', '-y', '--no-install-recommends', 'chromium'],
  });
}
