// Every test and attack that SECURITY.md cites exists, and its tables are written from the code.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ATTACKS } from '../scripts/attack/attacks.mjs';
import { attackTable } from '../scripts/attack/table.mjs';
import { budgetsTable } from '../scripts/budgets.mjs';

/** The cell of a row that only a workflow covers. */
const UNTESTED = 'see below';

const at = (path) => new URL(`../${path}`, import.meta.url);
const page = readFileSync(at('SECURITY.md'), 'utf8');
const rows = page
  .slice(page.indexOf('## Threats and mitigations'), page.indexOf('## What was measured'))
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
  .slice(1);

/** Names attacks in place of the tests of a file. */
const ATTACK = 'npm run attack';

/** Parses the last cell of a row into names by file: `file`: `name`, `name`; ... */
function proofs(cell) {
  return cell.split('; ').map((proof) => {
    const [file, ...names] = Array.from(proof.matchAll(/`([^`]+)`/g), ([, quoted]) => quoted);
    return { file, names };
  });
}

function holds(file, name) {
  if (file === ATTACK) return ATTACKS.some((attack) => attack.name === name);
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
    'a hostile API',
    'a step of the supply chain',
  ]);
});

describe('the proof that', () => {
  for (const [, attempt, defence, cell] of rows.filter(([, , , cell]) => cell !== UNTESTED)) {
    test(`SECURITY.md cites a test for ${defence}, against: ${attempt}`, () => {
      for (const { file, names } of proofs(cell)) {
        assert.ok(file === ATTACK || existsSync(at(file)), `there is no ${file}`);
        assert.ok(names.length > 0, `no test of ${file} is named`);
        for (const name of names) assert.ok(holds(file, name), `${file} has no test "${name}"`);
      }
    });
  }
});

test('the table of limits has the value and the comment of each constant', () => {
  const constant = (name, type, value, comment = '/// Of [`OTHER`] and\n/// `OpenAI` | more.\n') =>
    `${comment}pub const ${name}: ${type} = ${value};\n`;
  const cell = (...definition) =>
    budgetsTable(constant(...definition))
      .split('\n')
      .at(-1);
  assert.equal(
    cell('MAX_A', 'usize', '4 << 20'),
    '| `MAX_A` | 4,194,304 | Of `OTHER` and OpenAI \\| more. |',
  );
  for (const [name, type, value, words] of [
    ['A_BYTES', 'usize', '64 * MIB', '64 MiB'],
    ['A_BYTES', 'usize', '1 << 10', '1 KiB'],
    ['A_BYTES', 'usize', '72', '72 bytes'],
    ['A_CHARS', 'usize', '2_000', '2,000'],
    ['A', 'Duration', 'Duration::from_secs(60 * 60)', '3,600 s'],
    ['A', 'Duration', 'Duration::from_millis(250)', '250 ms'],
    ['A', 'IdleLimits', 'IdleLimits { max: 2, timeout: Duration::from_secs(300) }', '2 for 300 s'],
  ])
    assert.ok(cell(name, type, value).includes(` | ${words} | `), cell(name, type, value));
  assert.throws(() => budgetsTable(constant('A', 'usize', '1', '')), /1 constants .* no comment/);
  for (const [type, value] of [
    ['usize', 'OTHER'],
    ['usize', '8 / 2'],
    ['Duration', 'LONG'],
    ['IdleLimits', 'LIMITS'],
  ])
    assert.throws(() => budgetsTable(constant('A', type, value)), /is not a|another form/);
});

test('the table of attacks has a row for each, measured or not', () => {
  const attacks = ['a', 'b', 'c', 'd'].map((name) => ({ name, about: 'x | y' }));
  const metrics = [
    { name: 'a', worst: 12.3, peakRss: 99.7 },
    { name: 'b', skipped: 'no root' },
    { name: 'c', exit: 'signal SIGABRT', worst: 1, peakRss: 1 },
  ];
  assert.deepEqual(attackTable(attacks, metrics).split('\n').slice(2), [
    '| `a` | x \\| y | 12 ms | 100 MiB |',
    '| `b` | x \\| y | skipped | skipped |',
    '| `c` | x \\| y | process ended | process ended |',
    '| `d` | x \\| y | not measured | not measured |',
  ]);
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
