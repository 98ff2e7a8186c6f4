import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { asCurl } from '../src/result/raw.js';

/** The arguments that a shell would pass to curl. */
function argumentsOf(command) {
  const shell = `curl() { for each in "$@"; do printf '%s\\0' "$each"; done; }\n${command}`;
  const env = { ...process.env, OPENAI_API_KEY: 'sk-from-the-environment' };
  return execFileSync('sh', ['-c', shell], { env }).toString().split('\0').slice(0, -1);
}

const REQUEST = {
  method: 'POST',
  origin: 'https://api.openai.com',
  path: '/v1/chat/completions',
  headers: [
    ['host', 'api.openai.com'],
    ['content-length', '99'],
    ['content-type', 'application/json'],
    ['authorization', 'Bearer [redacted]'],
    ['x-token', '[redacted]'],
  ],
  body: '{"prompt":"it\'s $HOME and `id`"}',
};

describe('a request as cURL', () => {
  test('is what a shell passes on, with the key from the environment', () => {
    const [url, , method, ...others] = argumentsOf(asCurl(REQUEST));
    assert.equal(url, 'https://api.openai.com/v1/chat/completions');
    assert.equal(method, 'POST');
    assert.deepEqual(others.slice(0, -1), [
      '-H',
      'content-type: application/json',
      '-H',
      'authorization: Bearer sk-from-the-environment',
      '-H',
      'x-token: [redacted]',
      '-d',
    ]);
    assert.deepEqual(JSON.parse(others.at(-1)), JSON.parse(REQUEST.body));
  });

  test('lets curl write the form when the request is one', () => {
    const body = "model=m\nkeywords[]=it's\nfile=@recording.wav;type=audio/wav (44 bytes)";
    const headers = [['content-type', 'multipart/form-data; boundary=x']];
    const sent = argumentsOf(asCurl({ ...REQUEST, headers, body })).slice(3);
    const file = 'file=@recording.wav;type=audio/wav';
    assert.deepEqual(sent, ['-F', 'model=m', '-F', "keywords[]=it's", '-F', file]);
  });

  test('has neither a method nor a body when it only reads', () => {
    const command = asCurl({ ...REQUEST, method: 'GET', headers: [], body: '' });
    assert.deepEqual(argumentsOf(command), ['https://api.openai.com/v1/chat/completions']);
  });
});
