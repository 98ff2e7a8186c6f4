import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import http from 'node:http';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startMockApi } from '../../mock-api/server.mjs';
import { FIXTURES, serveFixture } from '../fixtures.mjs';
import { answer, CHAT, conversation, KEY, mockApi, send } from './client.mjs';
import { VARIANTS } from './variants.mjs';

describe('the mock API', () => {
  it('sends the same bytes for the same request, even from another process', async () => {
    const other = await startMockApi();
    try {
      for (const [path, variants] of Object.entries(VARIANTS)) {
        // The URL of an image contains the server's port.
        for (const body of Object.values(variants).filter((each) => each.style === undefined)) {
          const first = await answer(path, body);
          assert.deepEqual(await answer(path, body), first);
          const response = await fetch(other.url + path, {
            method: 'POST',
            headers: { 'api-key': KEY, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          });
          assert.deepEqual(await response.json(), first);
        }
      }
    } finally {
      await other.close();
    }
  });

  it('delays its responses to the slow key only', async () => {
    const other = await startMockApi({ slowMs: 1 });
    try {
      const delayOf = async (key) => {
        const headers = { authorization: `Bearer ${key}` };
        const response = await fetch(`${other.baseUrl}/models`, { headers });
        assert.equal(response.status, 200);
        await response.text();
        return response.headers.get('openai-processing-ms');
      };
      assert.equal(await delayOf('sk-mock-api-slow'), '1');
      assert.equal(await delayOf(KEY), '0');
    } finally {
      await other.close();
    }
  });

  it('logs the requests that it received', async () => {
    await send('POST', CHAT, {
      body: conversation(),
      headers: { 'openai-project': 'proj_mock_api' },
    });
    const [request] = mockApi.requests;
    assert.deepEqual([request.method, request.path], ['POST', CHAT]);
    assert.deepEqual(request.body, conversation());
    assert.equal(request.headers['openai-project'], 'proj_mock_api');
    mockApi.reset();
    assert.deepEqual(mockApi.requests, []);
  });

  it('keeps a connection open and counts it once', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const get = () =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${KEY}` };
        http
          .get(`${mockApi.baseUrl}/models`, { agent, headers }, (response) => {
            response.resume().on('end', resolve);
          })
          .on('error', reject);
      });
    const before = mockApi.connections;
    for (let count = 0; count < 50; count += 1) {
      await get();
    }
    assert.equal(mockApi.connections - before, 1);
    agent.destroy();
  });

  it('serves every fixture byte for byte, with its status and headers', async () => {
    for (const { file, status, headers } of FIXTURES) {
      const { body } = serveFixture(file);
      mockApi.respondWith(serveFixture(file));
      const response = await fetch(`${mockApi.baseUrl}/models`);
      assert.equal(response.status, status, file);
      for (const [name, value] of Object.entries(headers)) {
        assert.equal(response.headers.get(name), value, `${file}: ${name}`);
      }
      assert.equal(Buffer.compare(Buffer.from(await response.arrayBuffer()), body), 0, file);
    }
  });

  it('plays a list of scripted responses, then responds as usual', async () => {
    mockApi.respondWith([serveFixture('error_500_server_error'), () => undefined, { status: 418 }]);
    const statuses = [];
    for (let count = 0; count < 4; count += 1) {
      statuses.push(
        (await fetch(`${mockApi.baseUrl}/models`, { headers: { 'api-key': KEY } })).status,
      );
    }
    assert.deepEqual(statuses, [500, 200, 418, 200]);
  });

  it('plays faults on the wire, and detects clients that give up', async () => {
    const body = JSON.stringify({ object: 'list', data: [] });
    const get = (signal) => fetch(`${mockApi.baseUrl}/models`, { signal });
    for (const fault of ['reset', 'close', 'garbage']) {
      mockApi.respondWith({ fault });
      await assert.rejects(get(), fault);
    }
    mockApi.respondWith({ fault: 'cut', body });
    await assert.rejects((await get()).text());
    mockApi.respondWith({ fault: 'drip', body, intervalMs: 1 });
    assert.equal(await (await get()).text(), body);

    // A caller has its answer a moment before the server has ended the request.
    const ended = async () => {
      while (mockApi.inFlight > 0) await new Promise(setImmediate);
    };
    await ended();
    for (const fault of ['hang', 'stall']) {
      mockApi.reset();
      mockApi.respondWith({ fault, body });
      const caller = new AbortController();
      const given = get(caller.signal).then((response) => response.text());
      given.catch(() => {});
      while (mockApi.requests.length === 0) {
        await new Promise(setImmediate);
      }
      assert.equal(mockApi.inFlight, 1);
      caller.abort();
      await assert.rejects(given, { name: 'AbortError' });
      await ended();
      assert.equal(mockApi.requests[0].aborted, true);
    }
  });

  const cli = fileURLToPath(new URL('../../mock-api/cli.mjs', import.meta.url));

  it('rejects an invalid port', () => {
    for (const port of ['', 'http', '-1', '1.5', '65536']) {
      const { status, stderr } = spawnSync(process.execPath, [cli, `--port=${port}`]);
      assert.equal(status, 1);
      assert.match(stderr.toString(), /^--port must be a whole number from 0 to 65535, not /);
    }
  });

  it('runs from the command line until it is stopped', async () => {
    for (const signal of ['SIGTERM', 'SIGINT']) {
      const child = spawn(process.execPath, [cli, '--port', '0']);
      const exited = new Promise((resolve) => {
        child.once('exit', (code) => resolve(code));
      });
      let printed = '';
      for await (const text of child.stdout) {
        printed += text;
        const [url] = /http:\/\/localhost:\d+\/v1/.exec(printed) ?? [];
        if (url) {
          assert.equal((await fetch(`${url}/models`, { headers: { 'api-key': KEY } })).status, 200);
          break;
        }
      }
      child.kill(signal);
      assert.equal(await exited, 0);
    }
  });
});
