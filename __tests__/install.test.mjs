// `npm run install:tooljet`, with a server that handles plugins as ToolJet does.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { readPlugin } from '../scripts/built-plugin.mjs';
import { BUILT, runScript, startMarketplace } from './marketplace/processes.mjs';
import { startTooljet } from './marketplace/tooljet.mjs';
import { ADMIN, BUILDER } from './marketplace/workspace.mjs';

let marketplace;
/** A ToolJet in which nothing is ever installed. */
let tooljet;
let folder;

before(async () => {
  marketplace = await startMarketplace(['--upstream', 'http://127.0.0.1:9']);
  tooljet = await startTooljet({ marketplace: marketplace.url });
});
after(() => Promise.all([tooljet?.stop(), marketplace?.stop()]));
beforeEach((t) => {
  folder = mkdtempSync(join(tmpdir(), 'install-'));
  t.after(() => rmSync(folder, { recursive: true }));
});

/** Starts a separate ToolJet for a test. */
async function anotherTooljet(t, { url } = marketplace) {
  const another = await startTooljet({ marketplace: url });
  t.after(() => another.stop());
  return another;
}

/** Starts a server that sends one response to every request. */
async function serverThat(answer, t) {
  const server = http.createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

async function assertRefused(running, problem, expected = 1) {
  const { code, stdout, stderr } = await running;
  assert.equal(code, expected, stdout);
  assert.match(stderr, problem);
  assert.ok(!(stdout + stderr).includes(ADMIN), 'the session is shown');
}

test('installs the plugin under the version that the marketplace page offers', async (t) => {
  const own = await anotherTooljet(t);
  const { code, stdout, stderr } = await own.install();
  assert.equal(code, 0, stderr);
  const [{ id, pluginId, version, name }] = await own.plugins();
  assert.deepEqual(
    { pluginId, version, name },
    { pluginId: 'openai', version: '1.0.4', name: 'OpenAI' },
  );
  assert.match(stdout, /^Install OpenAI \(openai\) at http:\/\/127\.0\.0\.1:\d+\n/);
  assert.ok(stdout.endsWith(`Done: OpenAI 1.0.4, plugin ${id}.\n`), stdout);
  assert.ok(!stdout.includes(ADMIN));
});

test('shows the request and sends nothing in a dry run', async () => {
  const { code, stdout } = await tooljet.install({ args: ['--dry-run'] });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /\nPOST \/api\/plugins\/install \{"id":"openai",.*"version":"1\.0\.4".*\}\n/,
  );
  assert.match(stdout, /\nDry run: nothing was changed\.\n$/);
  assert.deepEqual(await tooljet.plugins(), []);
});

test('leaves an installed plugin alone, and suggests --upgrade', async (t) => {
  const own = await anotherTooljet(t);
  await own.install();
  await assertRefused(
    own.install(),
    /^install:tooljet: openai is already installed \(version 1\.0\.4\)\. Give --upgrade .*openai_native/,
  );
});

test('replaces an installed plugin, and asks for a restart, with --upgrade', async (t) => {
  const own = await anotherTooljet(t);
  await own.install({ args: ['--version', '0.9.0'] });
  const [before] = await own.plugins();
  const dry = await own.install({ args: ['--upgrade', '--dry-run'] });
  assert.match(dry.stdout, new RegExp(`\nPATCH /api/plugins/${before.id} `));
  assert.equal((await own.plugins())[0].version, '0.9.0');

  const { code, stdout, stderr } = await own.install({ args: ['--upgrade'] });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /restart every ToolJet server process, workers too/);
  const [now, ...others] = await own.plugins();
  assert.deepEqual(others, []);
  assert.equal(now.id, before.id);
  assert.equal(now.version, '1.0.4');
});

test('upgrades the chosen plugin when ToolJet 2 has it twice', async (t) => {
  const twice = ['first', 'second'].map((id, at) => ({
    id,
    pluginId: 'openai',
    version: `1.0.${at}`,
  }));
  const sent = [];
  const url = await serverThat((request, response) => {
    if (request.method === 'PATCH') {
      sent.push(request.url);
      const { manifest } = readPlugin(BUILT);
      Object.assign(twice[1], { version: '1.0.4', manifestFile: { data: manifest } });
    }
    response.end(JSON.stringify(request.url === '/api/plugins' ? twice : []));
  }, t);
  const upgrade = (...args) => tooljet.install({ args: ['--url', url, '--upgrade', ...args] });
  await assertRefused(
    upgrade(),
    /openai is installed 2 times: first \(version 1\.0\.0\), second \(version 1\.0\.1\)\. .*--plugin/,
  );
  await assertRefused(upgrade('--plugin', 'third'), /--plugin third: openai is installed as first/);
  const { code, stdout, stderr } = await upgrade('--plugin', 'second');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Done: OpenAI 1\.0\.4, plugin second\.$/m);
  assert.deepEqual(sent, ['/api/plugins/second']);
});

test('rejects --upgrade when no plugin is installed', async () => {
  await assertRefused(tooljet.install({ args: ['--upgrade'] }), /openai is not installed/);
});

test('installs a build with its own id next to ToolJet’s plugin', async (t) => {
  const addon = join(folder, 'addon.node');
  writeFileSync(addon, 'nothing here runs it');
  const built = await runScript('scripts/build.mjs', {
    args: [
      ...['--id', 'openai_native', '--name', 'OpenAI (native)'],
      ...['--addon', `linux-x64=${addon}`, '--out', folder],
    ],
  });
  assert.equal(built.code, 0, built.stderr);
  const origin = await startMarketplace(['--folder', folder, '--upstream', marketplace.url]);
  t.after(() => origin.stop());
  const both = await anotherTooljet(t, origin);

  assert.equal((await both.install()).code, 0);
  const { code, stdout, stderr } = await both.install({ args: ['--folder', folder] });
  assert.equal(code, 0, stderr);
  // ToolJet's page does not list it, so it has this package's version.
  assert.match(stdout, /^Done: OpenAI \(native\) \d+\.\d+\.\d+, plugin /m);
  assert.deepEqual(
    (await both.plugins()).map(({ pluginId, name }) => [pluginId, name]),
    [
      ['openai', 'OpenAI'],
      ['openai_native', 'OpenAI (native)'],
    ],
  );
});

test('fails when the user is not an admin', async () => {
  const env = { TOOLJET_SESSION: BUILDER };
  await assertRefused(
    tooljet.install({ env }),
    /only an admin of the workspace can install plugins/,
  );
  assert.deepEqual(await tooljet.plugins(), []);
});

test('fails when the session has ended', async () => {
  const env = { TOOLJET_SESSION: 'old.session.token' };
  await assertRefused(
    tooljet.install({ env }),
    /ToolJet does not accept the session: it has ended/,
  );
});

test('fails when the session belongs to another workspace', async () => {
  const args = ['--workspace', 'another-workspace'];
  await assertRefused(
    tooljet.install({ args }),
    /belongs to another workspace than another-workspace/,
  );
});

test('names a ToolJet that cannot be reached', async (t) => {
  const url = await serverThat((request) => request.socket.destroy(), t);
  const { code, stderr } = await tooljet.install({ args: ['--url', `${url}/`] });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^install:tooljet: ${url} cannot be reached: \\S+\n$`));
});

for (const [what, answer, problem] of [
  [
    'a web site',
    (_, response) => response.setHeader('content-type', 'text/html').end('<h1>Welcome</h1>'),
    /is not a ToolJet \(not a list of plugins\): give its whole URL/,
  ],
  [
    'a server without that path',
    (_, response) => response.writeHead(404).end('not found'),
    /is not a ToolJet \(HTTP 404\)/,
  ],
  [
    'a gate that asks for its own password',
    (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end(),
    /is not a ToolJet \(HTTP 401\)/,
  ],
  [
    'a redirect',
    (_, response) => response.writeHead(308, { location: 'https://example.com/' }).end(),
    /redirects to https:\/\/example\.com\/: give ToolJet's own URL/,
  ],
]) {
  test(`fails when ${what} responds in place of ToolJet`, async (t) => {
    const url = await serverThat(answer, t);
    await assertRefused(tooljet.install({ args: ['--url', url] }), problem);
  });
}

const ESCAPES = '\x1b[2J\x1b]52;c;ZXZpbA==\x07\x9b31m\r\n\u202edone';

test('shows a refusal without control characters when ToolJet sends some', async (t) => {
  const refusal = JSON.stringify({ statusCode: 400, message: `no ${ESCAPES}` });
  const url = await serverThat((_, response) => response.writeHead(400).end(refusal), t);
  const { stderr } = await tooljet.install({ args: ['--url', url] });
  assert.equal(
    stderr,
    'install:tooljet: ToolJet returned HTTP 400: no [2J]52;c;ZXZpbA==31m done\n',
  );
});

test('shows a version without control characters when the marketplace page has some', async (t) => {
  const url = await serverThat((request, response) => {
    const registry = [{ id: 'openai', version: `1.0${ESCAPES}` }];
    response.end(JSON.stringify(request.url === '/api/plugins' ? [] : registry));
  }, t);
  const { code, stdout } = await tooljet.install({ args: ['--url', url, '--dry-run'] });
  assert.equal(code, 0);
  assert.match(stdout, /"version":"1\.0/);
  assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
});

test('says what to configure when the marketplace does not have the plugin', async (t) => {
  const url = await serverThat((_, response) => response.writeHead(404).end(), t);
  const lost = await anotherTooljet(t, { url });
  await assertRefused(
    lost.install(),
    /ToolJet returned HTTP 500: Internal Server Error\. .*TOOLJET_MARKETPLACE_URL.*npm run serve/,
  );
});

test('fails when ToolJet takes the plugin from another marketplace', async (t) => {
  const url = await serverThat((_, response) => response.end('{"source": {}}'), t);
  const astray = await anotherTooljet(t, { url });
  await assertRefused(
    astray.install(),
    /ToolJet has installed another openai, .*TOOLJET_MARKETPLACE_URL does not lead to npm run serve/,
  );
});

test('reads the session from a private file', async (t) => {
  const own = await anotherTooljet(t);
  const file = join(folder, 'session');
  writeFileSync(file, `${ADMIN}\n`, { mode: 0o600 });
  const args = ['--session-file', file];
  const env = { TOOLJET_SESSION: '' };
  assert.equal((await own.install({ args, env })).code, 0);
});

test('rejects a session file that others can read', async () => {
  const file = join(folder, 'session');
  writeFileSync(file, ADMIN);
  chmodSync(file, 0o644);
  await assertRefused(
    tooljet.install({ args: ['--session-file', file] }),
    /is open to others \(mode 0644\): chmod 600 /,
  );
});

test('reads the session from standard input', async (t) => {
  const own = await anotherTooljet(t);
  const env = { TOOLJET_SESSION: '' };
  assert.equal((await own.install({ env, input: `${ADMIN}\n` })).code, 0);
});

test('names the ways to pass a session when there is none', async () => {
  const env = { TOOLJET_SESSION: '' };
  await assertRefused(
    tooljet.install({ env }),
    /no session: set TOOLJET_SESSION, .*--session-file/,
  );
});

test('rejects a session that would end its header', async () => {
  const env = { TOOLJET_SESSION: `${ADMIN}; admin=1` };
  await assertRefused(tooljet.install({ env }), /is not the value of a cookie tj_auth_token/);
});

test('has no option for the session, because a process list would show it', async () => {
  const args = ['--session', ADMIN];
  await assertRefused(tooljet.install({ args }), /there is no option --session\. /, 2);
});

for (const [missing, problem] of [
  ['TOOLJET_URL', /--url or TOOLJET_URL is needed/],
  ['TOOLJET_WORKSPACE_ID', /--workspace or TOOLJET_WORKSPACE_ID is needed/],
]) {
  test(`asks for ${missing} when it is missing`, async () => {
    await assertRefused(tooljet.install({ env: { [missing]: '' } }), problem);
  });
}

test('says what to do when there is no build', async () => {
  await assertRefused(
    tooljet.install({ args: ['--folder', folder] }),
    /dist\/index\.js does not exist: run npm run build first/,
  );
});
