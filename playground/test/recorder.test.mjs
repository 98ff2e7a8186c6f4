import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { startMockApi } from '../../mock-api/server.mjs';
import { startRecorder } from '../recorder.mjs';
import { assertLoopbackOnly } from './loopback-only.mjs';

describe('the recorder', () => {
  let api;
  let recorder;

  before(async () => {
    api = await startMockApi();
    recorder = await startRecorder();
  });

  after(async () => {
    await recorder.close();
    await api.close();
  });

  /** Sends a request to the recorder as a proxy or as a server. */
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

  test('the recorder rejects clients without credentials, during a call or not', async () => {
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

  test('the recorder forwards requests of the plugin during a call only', async () => {
    assert.equal(await ask({ path: models(), credentials: own() }), 407);
    const { value, requests } = await recorder.record(() =>
      ask({ path: models(), credentials: own() }),
    );
    assert.equal(value, 401);
    assert.equal(requests.length, 1);
    assert.ok(!JSON.stringify([requests, api.requests]).includes('proxy-authorization'));
  });

  test('the recorder forwards the bytes of a form, and shows its fields', async () => {
    const { port } = new URL(recorder.url);
    const bytes = Buffer.from('RIFF\x80\xff\0\0WAVE', 'latin1');
    const form = new FormData();
    form.append('model', 'gpt-transcribe');
    form.append('file', new File([bytes], 'recording.wav', { type: 'audio/wav' }));
    const encoded = new Response(form);
    const body = Buffer.from(await encoded.arrayBuffer());
    const headers = {
      authorization: 'Bearer sk-mock-api-test',
      'proxy-authorization': `Basic ${Buffer.from(own()).toString('base64')}`,
      'content-type': encoded.headers.get('content-type'),
      'content-length': body.length,
    };
    const path = `${api.baseUrl}/audio/transcriptions`;
    const { requests } = await recorder.record(async () => {
      const request = http.request({ port, method: 'POST', path, headers, agent: false });
      request.end(body);
      const [response] = await once(request, 'response');
      assert.equal(response.statusCode, 200, await text(response));
    });
    assert.equal(api.requests.at(-1).body.file, bytes.toString('latin1'));
    assert.equal(
      requests[0].text,
      'model=gpt-transcribe\nfile=@recording.wav;type=audio/wav (12 bytes)',
    );
  });

  /** Requests a tunnel to an API that accepts the connection and then sends nothing. */
  async function startTunnel(context, { url }) {
    const silent = net.createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    context.after(() => silent.close());
    const { port, username, password } = new URL(url);
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    const plugin = net.connect({ host: '127.0.0.1', port });
    plugin.write(
      `CONNECT 127.0.0.1:${silent.address().port} HTTP/1.1\r\nhost: api\r\nproxy-authorization: Basic ${credentials}\r\n\r\n`,
    );
    const [upstream] = await once(silent, 'connection');
    upstream.resume().on('error', () => {});
    return { plugin, upstream };
  }

  test('the recorder opens no tunnel before the API answers, and closes it when the plugin gives up', async (context) => {
    const { value, requests } = await recorder.record(async () => {
      const { plugin, upstream } = await startTunnel(context, recorder);
      plugin.end();
      const [received] = await Promise.all([text(plugin), once(upstream, 'close')]);
      return received;
    });
    assert.equal(value, '');
    assert.deepEqual(requests, []);
  });

  test('the recorder stops at once while it connects', { timeout: 60_000 }, async (context) => {
    const stopped = await startRecorder();
    await stopped.record(async () => {
      const { plugin, upstream } = await startTunnel(context, stopped);
      plugin.on('error', () => {}).resume();
      await Promise.all([stopped.close(), once(upstream, 'close')]);
    });
  });

  test('the recorder does not forward a request that is complete only after the call', async () => {
    const before = api.requests.length;
    const { port } = new URL(recorder.url);
    const credentials = Buffer.from(own()).toString('base64');
    const plugin = net.connect({ host: '127.0.0.1', port });
    const closed = once(
      plugin.on('error', () => {}),
      'close',
    );
    const { requests } = await recorder.record(async () => {
      plugin.write(
        `POST ${models()} HTTP/1.1\r\nhost: api\r\nexpect: 100-continue\r\ncontent-length: 1\r\nproxy-authorization: Basic ${credentials}\r\n\r\n`,
      );
      await once(plugin, 'data');
    });
    const next = await recorder.record(async () => {
      plugin.resume().write('x');
      await closed;
    });
    assert.deepEqual([...requests, ...next.requests], []);
    assert.equal(api.requests.length, before);
  });

  test("the recorder forwards a head that is longer than Node's default limit", async () => {
    const { requests } = await recorder.record(() =>
      ask({ path: `${models()}?${'x'.repeat(40_000)}`, credentials: own() }),
    );
    assert.equal(requests.length, 1);
  });

  test('the recorder listens on the loopback interface only', (context) =>
    assertLoopbackOnly(context, (host) => ask({ path: '/', host })));
});
