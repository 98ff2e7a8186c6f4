// The README names every folder and every npm script, each once.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** The code in the first column of the table with this head. */
function firstColumn(head) {
  const [, table] = read('README.md').split(`| ${head} |`);
  const rows = table.split('\n\n')[0].split('\n').slice(2);
  return rows.flatMap((row) =>
    Array.from(row.split('|')[1].matchAll(/`([^`]+)`/g), ([, name]) => name),
  );
}

test('README.md explains every folder of the repository in one line', () => {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const folders = new Set(
    files.filter((path) => path.includes('/')).map((path) => `${path.split('/')[0]}/`),
  );
  assert.deepEqual(firstColumn('folder | what is in it').toSorted(), [...folders].toSorted());
});

test('README.md groups every npm script', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const own = Object.keys(scripts).filter((name) => name !== 'prepack');
  assert.deepEqual(firstColumn('npm scripts | for').toSorted(), own.toSorted());
});
