// npm run test:browser: the playground's tests, in Chromium.

import { existsSync, readdirSync } from 'node:fs';
import { prepare } from '../playground/prepare.mjs';
import { ROOT, runOrExit } from './setup.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

ensureChromium();
prepare();
runOrExit(
  process.execPath,
  // One file at a time, as each starts a browser.
  ['--test', '--test-reporter=spec', '--test-concurrency=1', ...testFiles()],
  { env: { ...process.env, CHROMIUM } },
);

function testFiles() {
  return readdirSync(`${ROOT}/playground/test`)
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => `playground/test/${name}`);
}

function ensureChromium() {
  if (existsSync(CHROMIUM)) return;
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (process.env.CHROMIUM || !mayInstall) {
    console.error(
      `There is no Chromium at ${CHROMIUM}. Install it (on Debian: apt-get install chromium), or set CHROMIUM to the path of one.`,
    );
    process.exit(1);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  runOrExit('apt-get', ['update', '-qq'], { env });
  runOrExit('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium'], { env });
}
