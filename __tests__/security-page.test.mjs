// Every test that SECURITY.md cites exists.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

/** The cell of a row that only a workflow covers. */
const UNTESTED = 'see below';

const at = (path) => new URL(`../${path}`, import.meta.url);
const rows = readFileSync(at('SECURITY.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
  .slice(1);

/** Parses the last cell of a row into test names by file: `file`: `name`, `name`; ... */
function proofs(cell) {
  return cell.split('; ').map((proof) => {
    const [file, ...names] = Array.from(proof.matchAll(/`([^`]+)`/g), ([, quoted]) => quoted);
    return { file, names };
  });
}

function holds(file, name) {
  const text = readFileSync(at(file), 'utf8');
  return file.endsWith('.rs')
    ? RegExp(`#\\[test\\]\\s+(#\\[.*\\]\\s+)*fn ${name}\\(`).test(text)
    : ["'", '`', '"'].some((quote) => text.includes(`${quote}${name}${quote}`));
}

test('SECURITY.md has a row for each kind of attacker', () => {
  const attackers = rows.map(([who]) => who).filter(Boolean);
  assert.deepEqual(attackers, [
    'a tenant with a template',
    'a tenant with a base URL',
    'a man in the middle',
    'a local user',
    'a hostile API answer',
    'a step of the supply chain',
  ]);
});

describe('the proof that', () => {
  for (const [, attempt, defence, cell] of rows.filter(([, , , cell]) => cell !== UNTESTED)) {
    test(`SECURITY.md cites a test for ${defence}, against: ${attempt}`, () => {
      for (const { file, names } of proofs(cell)) {
        assert.ok(existsSync(at(file)), `there is no ${file}`);
        assert.ok(names.length > 0, `no test of ${file} is named`);
        for (const name of names) assert.ok(holds(file, name), `${file} has no test "${name}"`);
      }
    });
  }
});

test('the workflow and the rules that SECURITY.md cites exist', () => {
  const named = rows
    .filter(([, , , cell]) => cell === UNTESTED)
    .flatMap(([, , defence]) => proofs(defence));
  const files = named
    .flatMap(({ file, names }) => [file, ...names])
    .filter((name) => name.includes('.'));
  assert.ok(files.length > 0);
  for (const file of files) assert.ok(existsSync(at(file)), `there is no ${file}`);
});
