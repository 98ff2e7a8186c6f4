import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { MAX_RESPONSE_BYTES, parseResponse, readBody } from '../raw-response.mjs';

async function read(head, body, method = 'POST') {
  const bytes = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
  const response = await parseResponse(bytes, method);
  return response && { status: response.status, ...readBody(response) };
}

const HEAD = ['HTTP/1.1 200 OK'];

describe('the bytes of a response', () => {
  test('reads a response with a length, in chunks, or until the connection ends', async () => {
    const expected = { status: 200, text: 'hello', isCut: false };
    assert.deepEqual(await read([...HEAD, 'content-length: 5'], 'hello'), expected);
    const chunked = [...HEAD, 'transfer-encoding: chunked'];
    assert.deepEqual(await read(chunked, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'), expected);
    assert.deepEqual(await read(HEAD, 'hello'), expected);
  });

  test('decompresses a response', async () => {
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
    ]) {
      const { text } = await read([...HEAD, `content-encoding: ${encoding}`], compress('hello'));
      assert.equal(text, 'hello', encoding);
    }
  });

  test('shows the start of a response when its body breaks off', async () => {
    const { text } = await read([...HEAD, 'content-length: 500'], 'hello');
    assert.equal(text, 'hello');
    const half = gzipSync('hello '.repeat(9_999)).subarray(0, 60);
    const compressed = [...HEAD, 'content-length: 500', 'content-encoding: gzip'];
    assert.match((await read(compressed, half)).text, /^hello hello/);
  });

  test('shows a response as it is when its encoding is not what the header says', async () => {
    assert.equal((await read([...HEAD, 'content-encoding: gzip'], 'hello')).text, 'hello');
  });

  test('shows no response when the bytes are not HTTP', async () => {
    assert.equal(await read(['nonsense'], ''), undefined);
    assert.equal(await parseResponse(Buffer.alloc(0), 'GET'), undefined);
  });

  test('truncates a response at the limit', async () => {
    const { text, isCut } = await read(HEAD, 'x'.repeat(MAX_RESPONSE_BYTES + 1));
    assert.equal(text.length, MAX_RESPONSE_BYTES);
    assert.ok(isCut);
  });
});
