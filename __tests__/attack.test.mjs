// npm run attack in its short form: small attacks on the built plugin, with generous time limits
// because this machine may be busy. Also checks that it can fail.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ATTACKS, attackNamed } from '../scripts/attack/attacks.mjs';
import { LIMITS, violations } from '../scripts/attack/limits.mjs';
import { runAttack, skipReason } from '../scripts/attack/run.mjs';

const PLUGIN = process.env.PLUGIN ?? fileURLToPath(new URL('../dist/index.js', import.meta.url));
const SHORT = { short: true, seconds: 0.7, every: 100, grace: 3, idle: 0, plugin: PLUGIN };
/** `npm run attack` itself checks that a victim waits no longer than 250 ms. */
const GENEROUS = { worst: Number.POSITIVE_INFINITY, late: 20_000, peakRss: 600 };
/** The cheapest of each kind that once stopped, stalled or filled the process. */
const CHOSEN = [
  '1a-metadata-key',
  '1b-key-and-headers',
  '1c-stops',
  '1d-chunk-size',
  '2-echo',
  '3a-array-length',
  '3c-shared-references',
  '3g-throwing',
  '4a-stop-sequence',
  '5a-models',
  '7a-drip',
  '7c-addresses',
  '7d-dns-one-name',
];

describe('during an attack', { concurrency: 3 }, () => {
  for (const name of CHOSEN) {
    const attack = attackNamed(name);
    test(`no victim fails during ${name}`, { skip: skipReason(attack) }, async () => {
      const metrics = await runAttack(attack, SHORT);
      assert.deepEqual(violations(metrics, GENEROUS), []);
    });
  }
});

/** Writes a plugin that does this in every query; `isAttack` is true for those of the attacker. */
function writePlugin(t, does) {
  const folder = mkdtempSync(join(tmpdir(), 'attacked-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'index.js');
  const text = `module.exports.default = class {
    async run(source, options) {
      const isAttack = source.apiKey.startsWith('sk-attack');
      ${does}
      return { status: 'ok', data: 'Pong ' + /#\\d+/.exec(options.prompt) };
    }
  };`;
  writeFileSync(file, text);
  return file;
}

async function violationsOf(t, does) {
  const plugin = writePlugin(t, does);
  const metrics = await runAttack(attackNamed('1a-metadata-key'), { ...SHORT, plugin });
  return violations(metrics).join('\n');
}

describe('npm run attack', { concurrency: 3 }, () => {
  test('npm run attack fails when the process ends', async (t) => {
    const found = await violationsOf(t, 'if (isAttack) process.abort();');
    assert.match(found, /^ToolJet's process has ended: SIGABRT$/m);
  });

  test('npm run attack fails when the event loop is blocked', async (t) => {
    const stall = 'for (const end = Date.now() + 600; isAttack && Date.now() < end; );';
    assert.match(await violationsOf(t, stall), /^a victim waited \d+, more than 250$/m);
  });

  test('npm run attack fails when a victim gets the wrong answer', async (t) => {
    const found = await violationsOf(
      t,
      `if (isAttack) globalThis.process.taught = true;
       else if (process.taught) return { status: 'ok', data: 'Pong #0' };`,
    );
    assert.match(found, /^\d+ of \d+ victims failed: the answer of another query$/m);
  });

  test('npm run attack fails when memory is filled', async (t) => {
    const found = await violationsOf(
      t,
      'if (isAttack) process.held = process.held || Buffer.alloc(1100 * 2 ** 20, 1);',
    );
    assert.match(found, /^the process held \d+ MiB, more than 1024$/m);
  });

  test('npm run attack fails when a tenant gets a raw error', async (t) => {
    const found = await violationsOf(t, "if (isAttack) throw new Error('oops');");
    assert.match(found, /^a tenant got no QueryError: Error: oops$/m);
  });
});

/** Metrics within the limits, with some replaced. */
const metrics = (some) => ({
  ...{ victims: 10, failures: 0, reasons: [], worst: 249, peakRss: 1023, late: 249 },
  ...{ outcomes: {}, unfinished: 0, badErrors: [], exit: undefined },
  ...some,
});

test('reports nothing when every limit is just kept', () => {
  assert.deepEqual(violations(metrics()), []);
});

for (const [name, limit] of Object.entries(LIMITS)) {
  test(`reports ${name} once when it exceeds its limit`, () => {
    assert.equal(violations(metrics({ [name]: limit + 1 })).length, 1);
  });
}

test('allows the plugin as much time as ToolJet needs to parse the request', () => {
  const slow = { worst: 950, late: 950, parseMs: 700 };
  assert.deepEqual(violations(metrics(slow)), []);
  assert.equal(violations(metrics({ ...slow, parseMs: 699 })).length, 2);
});

test('fails when nothing was measured', () => {
  assert.equal(violations(metrics({ victims: 0 })).length, 1);
  assert.equal(violations(metrics({ outcomes: undefined })).length, 1);
});

test('every attack has a name of its own, in the order of the list', () => {
  const names = ATTACKS.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
});

test('writes metrics, and ends with 0 unless a limit is exceeded', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'attack-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const json = join(folder, 'metrics.json');
  const script = fileURLToPath(new URL('../scripts/attack.mjs', import.meta.url));
  const args = ['--short', '--seconds', '0.5', '--only', '0-nothing', '--json', json];
  const { code, stdout } = await promisify(execFile)(process.execPath, [script, ...args]).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error) => error,
  );
  assert.match(stdout, /^0-nothing +\d+ +0 /m);
  const { rows, failures } = JSON.parse(readFileSync(json, 'utf8'));
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['0-nothing'],
  );
  // On a busy machine, even victims without an attack may wait for too long.
  assert.equal(code, failures.length === 0 ? 0 : 1);
});
