// Builds the playground and the plugin unless they are up to date.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildText } from '../scripts/build-plugin.mjs';
import checkNode from '../scripts/node-version.cjs';
import { installPackages, ROOT } from '../scripts/setup.mjs';
import { runStep } from '../scripts/steps.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PAGE = join(HERE, 'dist', 'index.html');
const SOURCES = ['src', 'index.html', 'templates.mjs', 'vite.config.mjs', 'package-lock.json'];
const SHARED_SOURCES = ['icon.svg', 'harness/forms.mjs', 'harness/form-transfer.mjs'];

/** Installs and builds what is missing or out of date; resolves to the text of the plugin. */
export async function prepare() {
  checkNode(join(HERE, 'package.json'));
  await installPackages(HERE);
  const sources = [
    ...SOURCES.map((name) => join(HERE, name)),
    ...SHARED_SOURCES.map((name) => join(ROOT, name)),
  ];
  if (!existsSync(PAGE) || Math.max(...sources.map(lastChange)) > statSync(PAGE).mtimeMs) {
    await runStep({
      title: 'Building the page',
      done: 'Built the page',
      command: 'npm',
      args: ['run', '--silent', 'build', '--', '--logLevel', 'warn'],
      cwd: HERE,
    });
  }
  return buildText();
}

function lastChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => lastChange(join(path, name))));
}
