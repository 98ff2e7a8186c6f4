import assert from 'node:assert/strict';
import http from 'node:http';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { startStandIn } from '../../stand-in/server.mjs';
import { startRecorder } from '../recorder.mjs';

describe('the recorder', () => {
  let api;
  let recorder;

  before(async () => {
    api = await startStandIn();
    recorder = await startRecorder();
  });

  after(async () => {
    await recorder.close();
    await api.close();
  });

  /** Asks the recorder, as a proxy or as if it were a server of its own. */
  function ask({ method = 'GET', path, credentials, host = '127.0.0.1' }) {
    const { port } = new URL(recorder.url);
    const value = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    const headers = value && { 'proxy-authorization': value };
    return new Promise((resolve, reject) => {
      const request = http.request({ host, port, method, path, headers, agent: false });
      const settle = (response) => {
        response.resume();
        resolve(response.statusCode);
      };
      request.once('response', settle);
      request.once('connect', settle);
      request.once('error', reject);
      request.end();
    });
  }

  const models = () => `${api.baseUrl}/models`;
  const own = () => {
    const { username, password } = new URL(recorder.url);
    return `${username}:${password}`;
  };

  test('lets nobody through who has no credentials, during a call or not', async () => {
    const asStranger = async () => {
      assert.equal(await ask({ path: models() }), 407);
      assert.equal(await ask({ path: models(), credentials: 'playground:' }), 407);
      assert.equal(await ask({ path: '/v1/models' }), 407);
      assert.equal(await ask({ method: 'CONNECT', path: `localhost:${api.port}` }), 407);
    };
    await asStranger();
    const { requests } = await recorder.record(asStranger);
    assert.deepEqual(requests, []);
    assert.equal(api.connections, 0);
  });

  test('lets the plugin through during a call only', async () => {
    assert.equal(await ask({ path: models(), credentials: own() }), 407);
    const { value, requests } = await recorder.record(() =>
      ask({ path: models(), credentials: own() }),
    );
    assert.equal(value, 401);
    assert.equal(requests.length, 1);
    assert.ok(!JSON.stringify([requests, api.requests]).includes('proxy-authorization'));
  });

  test('listens on the loopback interface only', async (context) => {
    const outer = Object.values(networkInterfaces())
      .flat()
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    if (!outer) {
      context.skip('this machine has no other interface');
      return;
    }
    await assert.rejects(ask({ path: '/', host: outer.address }), { code: 'ECONNREFUSED' });
  });
});
