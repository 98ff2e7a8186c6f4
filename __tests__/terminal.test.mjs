// What the demo, the installer and the marketplace print of foreign text.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { printable } from '../scripts/terminal.mjs';

const TERMINAL = fileURLToPath(new URL('../scripts/terminal.mjs', import.meta.url));
const HOSTILE = 'a\x1b[2J\x1b]0;title\x07b\x00\x7f\x9b31mc\u202ed\u2066e';
const HARMLESS = 'a[2J]0;titleb31mcde';

test('removes control sequences from a text', () => {
  assert.equal(printable(HOSTILE), HARMLESS);
});

test('keeps every other character when a text is in another script', () => {
  const text = 'naïve “日本語” 👩‍👩‍👧 مرحبا';
  assert.equal(printable(text), text);
});

test('joins the lines of a text unless it may have several', () => {
  assert.equal(printable('a\r\nDone: b\n\nc\td'), 'a Done: b c d');
  assert.equal(printable('a\r\nb\rc', { lines: true }), 'a\nbc');
});

test('shows a thrown value when it is not text', () => {
  assert.equal(printable(undefined), 'undefined');
});

/** Returns the output of a script that uses scripts/terminal.mjs. */
async function printed(script) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '--eval'],
    `import * as terminal from ${JSON.stringify(TERMINAL)};
     const text = ${JSON.stringify(HOSTILE)};
     ${script}`,
  ]);
  return stdout;
}

for (const [name, script] of [
  ['printField', "terminal.printField('answer', text)"],
  ['printWrapped', 'terminal.printWrapped(text)'],
  ['printHeading', "terminal.printHeading(text, { outcome: 'ok', style: 'green', time: '1 ms' })"],
]) {
  test(`${name} prints no control characters when it is given some`, async () => {
    const output = await printed(script);
    assert.ok(output.includes(HARMLESS), output);
    assert.doesNotMatch(output.replaceAll('\n', ''), /[\p{Cc}\u202e\u2066]/u);
  });
}
