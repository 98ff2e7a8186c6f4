// Builds the playground and the plugin unless they are up to date.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages, ROOT, runOrExit } from '../scripts/setup.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PAGE = join(HERE, 'dist', 'index.html');
const SOURCES = ['src', 'index.html', 'templates.mjs', 'vite.config.mjs', 'package-lock.json'];
const SHARED_SOURCES = ['icon.svg', 'harness/forms.mjs', 'harness/form-transfer.mjs'];

/** Installs and builds what is missing or out of date; returns the text of the plugin. */
export function prepare() {
  installPackages(HERE);
  const sources = [
    ...SOURCES.map((name) => join(HERE, name)),
    ...SHARED_SOURCES.map((name) => join(ROOT, name)),
  ];
  if (!existsSync(PAGE) || Math.max(...sources.map(lastChange)) > statSync(PAGE).mtimeMs) {
    runOrExit('npm', ['run', '--silent', 'build', '--', '--logLevel', 'warn'], { cwd: HERE });
  }
  runOrExit(process.execPath, ['scripts/build.mjs']);
  return readFileSync(join(ROOT, 'dist', 'index.js'), 'utf8');
}

function lastChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => lastChange(join(path, name))));
}
