// What all npm commands share: help, suggestions for mistyped options, and the check for an old
// Node.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { browserCommand } from '../scripts/open-browser.mjs';
import { helpText, Mistake, nearestTo, numberFrom, readArguments } from '../scripts/options.mjs';
import { PATIENCE_MS } from './patience.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { scripts, engines } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
const REQUIRED = '-r ./scripts/node-version.cjs ';

/** Runs Node in the repository's folder; resolves to `{code, stdout, stderr}`. */
function runNode(args, env = {}) {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env: { ...process.env, ...env }, timeout: PATIENCE_MS };
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

/** Runs an npm command as npm does, in a terminal of 60 columns. */
const runScript = (name, args) =>
  runNode([...scripts[name].replace(/^node /, '').split(' '), ...args], { COLUMNS: '60' });

for (const name of Object.keys(scripts)) {
  const command = ['test', 'start'].includes(name) ? `npm ${name}` : `npm run ${name}`;

  test(`${command} shows its help when asked, and does nothing else`, async () => {
    const { code, stdout, stderr } = await runScript(name, ['--help']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(stdout.startsWith(`${command} -- [options]`), stdout);
    assert.match(stdout, /^ {2}--help +show this text$/m);
    const tooLong = stdout.split('\n').filter((line) => line.length > 60);
    assert.deepEqual(tooLong, []);
  });

  test(`${command} names the nearest option when one is mistyped`, async () => {
    const { code, stdout, stderr } = await runScript(name, ['--hepl']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(stderr, `${name}: there is no option --hepl. Did you mean --help?\n`);
  });

  test(`${command} checks the version of Node first`, () =>
    assert.ok(scripts[name].startsWith(`node ${REQUIRED}`)));
}

/** Runs the version check as if on this Node. */
const runOn = (version) =>
  runNode([
    '--eval',
    `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
     require('./scripts/node-version.cjs');`,
  ]);

test('states the required Node in one sentence when this one is older', async () => {
  for (const version of ['18.20.8', '0.10.48', '19.9.0']) {
    const { code, stdout, stderr } = await runOn(version);
    assert.deepEqual([code, stdout], [1, '']);
    const needed = engines.node.replace('>=', '');
    assert.equal(
      stderr,
      `This needs Node ${needed} or later, and here is Node ${version}: see https://nodejs.org.\n`,
    );
  }
  for (const version of ['20.0.0', '22.1.0', '100.0.0']) {
    assert.deepEqual(await runOn(version), { code: 0, stdout: '', stderr: '' });
  }
});

test('npm run test:browser says what to install when there is no Chromium', async () => {
  const { code, stdout, stderr } = await runNode(['scripts/test-browser.mjs'], {
    CHROMIUM: '/nowhere/chromium',
  });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^test:browser: there is no Chromium at \/nowhere\/chromium\. Install it \(on Debian: apt-get install chromium\), or/,
  );
});

describe('options', () => {
  const command = {
    command: 'npm run x',
    about: 'Does x.',
    notes: [],
    options: {
      port: { type: 'string', value: 'N', default: '1', read: numberFrom(0), help: 'the port' },
      'no-open': { type: 'boolean', default: false, help: 'stay closed' },
    },
  };
  const read = (...args) => readArguments(command, args);
  const mistake = (...args) => {
    try {
      read(...args);
    } catch (error) {
      assert.ok(error instanceof Mistake, error.stack);
      return error.message;
    }
    return assert.fail('it was accepted');
  };

  test('are read by name, with defaults', () => {
    assert.deepEqual(read(), { port: 1, 'no-open': false });
    assert.deepEqual(read('--port', '7', '--no-open'), { port: 7, 'no-open': true });
    assert.deepEqual(read('--port=7'), { port: 7, 'no-open': false });
  });

  test('are rejected with an explanation when they are mistyped or their value is missing or unexpected', () => {
    assert.equal(mistake('--prot', '7'), 'there is no option --prot. Did you mean --port?');
    assert.equal(mistake('--noopen'), 'there is no option --noopen. Did you mean --no-open?');
    assert.equal(mistake('--verbosely'), 'there is no option --verbosely. See npm run x -- --help');
    assert.equal(mistake('--port'), '--port needs a value: --port N');
    assert.equal(mistake('--port='), '--port needs a value: --port N');
    assert.equal(mistake('--no-open=1'), '--no-open takes no value');
    assert.equal(mistake('--port', 'x'), '--port must be a whole number of at least 0, not x');
    assert.equal(
      mistake('7'),
      '"7" is not an option. Options come after --, as in npm run x -- --help',
    );
  });

  test('leave other arguments to a command that accepts files', () => {
    const withFiles = { ...command, files: '[FILE ...]' };
    assert.deepEqual(readArguments(withFiles, ['a', '--port', '7', 'b']).files, ['a', 'b']);
  });

  test('get no suggestion when nothing is similar', () => {
    assert.equal(nearestTo('prompts', ['prompt', 'port']), 'prompt');
    assert.equal(nearestTo('prt', ['prompt', 'port']), 'port');
    assert.equal(nearestTo('colour', ['prompt', 'port']), undefined);
    assert.equal(nearestTo('x', []), undefined);
  });

  test('have their help next to them', () => {
    assert.match(helpText(command), /^ {2}--port N {3}the port\n {2}--no-open {2}stay closed$/m);
  });
});

describe('the browser', () => {
  const linux = { platform: 'linux', env: { DISPLAY: ':0' }, isTerminal: true };
  const mac = { platform: 'darwin', env: {}, isTerminal: true };

  test('is opened when a person is at the machine', () => {
    assert.equal(browserCommand(linux), 'xdg-open');
    assert.equal(browserCommand({ ...linux, env: { WAYLAND_DISPLAY: 'wayland-0' } }), 'xdg-open');
    assert.equal(browserCommand(mac), 'open');
  });

  test('stays closed when nobody would see it', () => {
    for (const surroundings of [
      { ...linux, env: {} },
      { ...linux, env: { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' } },
      { ...linux, env: { DISPLAY: ':0', CI: 'true' } },
      { ...linux, isTerminal: false },
      { ...mac, env: { CI: '1' } },
      { ...mac, env: { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' } },
      { ...mac, platform: 'win32' },
    ]) {
      assert.equal(browserCommand(surroundings), undefined, JSON.stringify(surroundings));
    }
  });
});
