// The marketplace origin of `npm run serve`, over HTTP.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BUILT, ROOT, runScript, startMarketplace, startServer } from './marketplace/processes.mjs';

const SECRET = 'nobody else may read this';

let folder;
let upstream;
let marketplace;
const asked = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
  cpSync(BUILT, folder, { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), SECRET);
  upstream = http.createServer((request, response) => {
    asked.push(request);
    if (request.url.startsWith('/store/gone')) return request.socket.destroy();
    response.writeHead(request.url === '/store/teapot' ? 418 : 200, {
      'content-type': 'text/javascript',
      etag: '"of the upstream"',
      'set-cookie': 'a=b',
    });
    return response.end(`upstream ${request.url}`);
  });
  await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  marketplace = await startMarketplace([
    ...['--folder', folder],
    ...['--upstream', `http://127.0.0.1:${upstream.address().port}/store/`],
  ]);
});
after(async () => {
  upstream.close();
  await marketplace?.stop();
  rmSync(folder, { recursive: true });
});

const ask = (path, options) => fetch(marketplace.url + path, options);

/** Sends a path and a host unchanged, which `fetch` would normalize. */
function askRaw(target, { host = 'localhost' } = {}) {
  const { port } = new URL(marketplace.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () =>
      socket.write(
        `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
        'latin1',
      ),
    );
    socket.on('data', (data) => {
      answer += data;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
  });
}

for (const [path, type] of [
  ['dist/index.js', 'text/javascript; charset=utf-8'],
  ['lib/manifest.json', 'application/json; charset=utf-8'],
  ['lib/operations.json', 'application/json; charset=utf-8'],
  ['lib/icon.svg', 'image/svg+xml; charset=utf-8'],
]) {
  test(`serves ${path} byte for byte as ${type}`, async () => {
    const answer = await ask(`/marketplace-assets/openai/${path}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), type);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), readFileSync(join(folder, path)));
  });
}

test('serves the last build under its id unless a folder is given', async (t) => {
  const manifest = readFileSync(join(ROOT, 'lib/manifest.json'), 'utf8');
  const { kind } = JSON.parse(manifest).source;
  const another = await startServer('scripts/serve.mjs', {
    args: ['--port', '0'],
    ready: /TOOLJET_MARKETPLACE_URL=(?<url>.*)/,
  });
  t.after(() => another.stop());
  const served = await fetch(`${another.url}/marketplace-assets/${kind}/lib/manifest.json`);
  assert.equal(await served.text(), manifest);
});

test('responds to HEAD with type and length only', async () => {
  const answer = await ask('/marketplace-assets/openai/dist/index.js', { method: 'HEAD' });
  const { length } = readFileSync(join(folder, 'dist/index.js'));
  assert.equal(answer.headers.get('content-length'), String(length));
  assert.equal(await answer.text(), '');
});

test('serves a new build without a restart', async () => {
  const icon = join(folder, 'lib/icon.svg');
  const before = readFileSync(icon, 'utf8');
  writeFileSync(icon, '<svg/>');
  assert.equal(await (await ask('/marketplace-assets/openai/lib/icon.svg')).text(), '<svg/>');
  writeFileSync(icon, before);
});

test('fetches every other path from the upstream, with its status and type', async () => {
  const path = '/marketplace-assets/cohere/dist/index.js?x=1';
  const answer = await ask(path);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/javascript');
  assert.equal(answer.headers.get('etag'), '"of the upstream"');
  assert.equal(await answer.text(), `upstream /store${path}`);
  assert.equal((await ask('/teapot')).status, 418);
});

test('sends no cookies or credentials to the upstream, and sets none', async () => {
  const headers = { cookie: 'tj_auth_token=x', authorization: 'Bearer x', 'tj-workspace-id': 'x' };
  const answer = await ask('/other', { headers });
  const seen = JSON.stringify(asked.at(-1).headers);
  for (const name of Object.keys(headers)) assert.ok(!seen.includes(name), name);
  assert.equal(answer.headers.get('set-cookie'), null);
});

test('names an upstream that cannot be reached in a 502', async () => {
  const answer = await ask('/gone');
  assert.equal(answer.status, 502);
  assert.match(await answer.text(), /^http:\/\/127\.0\.0\.1:\d+\/store cannot be reached: ECONN/);
});

test('rejects an upstream that is the server itself', async () => {
  const answer = await ask('/other', { headers: { via: '1.1 tooljet-openai' } });
  assert.equal(answer.status, 508);
});

for (const path of [
  '/marketplace-assets/openai/../../../secret.txt',
  '/marketplace-assets/openai/..%2f..%2fsecret.txt',
  '/marketplace-assets/openai/%2e%2e/%2e%2e/secret.txt',
  '/marketplace-assets/openai/dist/../secret.txt',
  '/marketplace-assets/openai/secret.txt',
  '/marketplace-assets/openai/lib/',
  '/marketplace-assets/openai/constructor',
  '/marketplace-assets/openai/lib/..\\..\\secret.txt',
]) {
  test(`does not serve ${path}`, async () => {
    const answer = await askRaw(path);
    assert.match(answer, /404 Not Found|upstream \/store/);
    assert.ok(!answer.includes(SECRET), answer);
  });
}

test('does not request another host that the path names', async () => {
  const before = asked.length;
  assert.match(await askRaw('http://example.com/x'), /^HTTP\/1\.1 400 /);
  assert.equal(asked.length, before);
  await askRaw('//example.com/x');
  assert.equal(asked.at(-1).url, '/store//example.com/x');
});

for (const host of [
  'evil.example',
  'evil.example:4710',
  'localhost.evil.example',
  '127.0.0.2',
  '',
]) {
  test(`refuses to answer when it is asked as "${host}"`, async () => {
    const before = asked.length;
    for (const path of ['/marketplace-assets/openai/lib/manifest.json', '/other']) {
      const answer = await askRaw(path, { host });
      assert.match(answer, /^HTTP\/1\.1 403 .*content-type: text\/plain; charset=utf-8\r\n/is);
      assert.match(answer, /this server accepts only the host names localhost and 127\.0\.0\.1\n/);
    }
    assert.equal(asked.length, before);
  });
}

for (const host of ['localhost', 'LOCALHOST:4710', '127.0.0.1:1', '[::1]:4710']) {
  test(`answers when it is asked as ${host}`, async () => {
    assert.match(await askRaw('/other', { host }), /^HTTP\/1\.1 200 /);
  });
}

test('serves only GET and HEAD', async () => {
  const answer = await ask('/marketplace-assets/openai/dist/index.js', {
    method: 'PUT',
    body: 'x',
  });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'GET, HEAD');
});

test('logs every request in one line', async () => {
  await (await ask('/logged')).text();
  const { port } = upstream.address();
  await marketplace.printed(`GET /logged 200 passed through from http://127.0.0.1:${port}/store\n`);
  await (await ask('/marketplace-assets/openai/lib/icon.svg')).text();
  await marketplace.printed(`GET /marketplace-assets/openai/lib/icon.svg 200 from ${folder}\n`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`ends on ${signal}, also with an open connection`, async () => {
    const another = await startMarketplace([
      '--folder',
      folder,
      '--upstream',
      'http://127.0.0.1:9',
    ]);
    const { port } = new URL(another.url);
    const idle = net.connect(port, '127.0.0.1').on('error', () => {});
    assert.equal(await another.stop(signal), 0);
    idle.destroy();
  });
}

test('npm run serve says what to do when there is no build', async () => {
  const { code, stderr } = await runScript('scripts/serve.mjs', {
    args: ['--port', '0', '--folder', tmpdir()],
  });
  assert.equal(code, 1);
  assert.match(stderr, /^serve: .*dist\/index\.js does not exist: run npm run build first\n$/);
});

for (const [args, problem] of [
  [['--port', '70000'], /--port must be a whole number from 0 to 65535, not 70000/],
  [['--upstream', 'ftp://x'], /--upstream must be a URL such as https:.*, not ftp:\/\/x/],
]) {
  test(`npm run serve rejects ${args.join(' ')}`, async () => {
    const { code, stderr } = await runScript('scripts/serve.mjs', { args });
    assert.equal(code, 2);
    assert.match(stderr, problem);
  });
}

test('npm run serve names a port that is in use', async () => {
  const { port } = new URL(marketplace.url);
  const { code, stderr } = await runScript('scripts/serve.mjs', { args: ['--port', port] });
  assert.equal(code, 1);
  assert.match(stderr, /the port is in use; choose another with --port/);
});
