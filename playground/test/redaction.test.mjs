import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { redactOptions, redactRequest, secretsIn } from '../redaction.mjs';

describe('the base URL that the page shows', () => {
  const shown = (base_url) => redactOptions({ base_url }, []).base_url;

  test('shows the base URL as typed when it has no secret', () => {
    for (const url of ['https://h/v1', 'https://h/v1?api-version=2024-10-21', '']) {
      assert.equal(shown(url), url);
    }
  });

  test('redacts the secrets in the query string of the base URL', () => {
    assert.equal(shown('https://h/v1?SECRET'), 'https://h/v1?[redacted]');
    assert.equal(shown('https://h/v1?SECRET=='), 'https://h/v1?[redacted]');
    assert.equal(shown('https://h/v1#SECRET'), 'https://h/v1#[redacted]');
    assert.equal(
      shown('https://h/v1?token=SECRET&api-version=1&api-version=1?SECRET'),
      'https://h/v1?token=[redacted]&api-version=1&api-version=[redacted]',
    );
  });

  test('redacts the user info of the base URL, whatever is in the password', () => {
    assert.equal(shown('https://user:SECRET@h/v1'), 'https://[redacted]@h/v1');
    assert.equal(shown('https://user:SEC/RET@SECRET@h/v1'), 'https://[redacted]@h/v1');
    assert.doesNotMatch(shown('https://user:SEC?RET@h/v1'), /SEC|RET/);
    assert.doesNotMatch(shown('https://h/v1?mail=SEC@RET'), /SEC|RET/);
  });
});

describe('the response that the page shows', () => {
  const options = {
    apiKey: 'a-key-of-a-gateway',
    base_url: 'https://user:pass-word-1@h/v1?token=query-secret-1&api-version=2024-10-21',
    headers: [
      ['x-token', 'gateway-secret'],
      ['x-login', 'Basic dXNlcjpwYXNz'],
      ['x-team', 'ai'],
    ],
  };
  const secrets = secretsIn(options, ['apiKey']);
  const shown = (response) => redactRequest({ path: '/', headers: {}, response }, secrets).response;
  const body = (text) => shown({ status: 401, headers: {}, chunks: [Buffer.from(text)] }).body;

  test('contains no secret of the data source, wherever the API repeats it', () => {
    assert.equal(body('bad key a-key-of-a-gateway'), 'bad key [redacted]');
    assert.equal(body('/v1?token=query-secret-1'), '/v1?token=[redacted]');
    assert.equal(body('pass-word-1 at 2024-10-21'), '[redacted] at 2024-10-21');
    assert.equal(body('gateway-secret, gateway-secret'), '[redacted], [redacted]');
    assert.equal(body('dXNlcjpwYXNz'), '[redacted]');
    assert.equal(body('ai said'), 'ai said', 'a short value occurs by chance');
  });

  test('contains no part of an OpenAI key that the API has masked', () => {
    assert.equal(body('Incorrect: sk-proj-ab********wxyz.'), 'Incorrect: [redacted].');
  });

  test('names every header, and shows the value of those that are known to be harmless', () => {
    const headers = { 'content-type': 'text/plain', 'x-request-id': 'r1', 'set-cookie': ['a=b'] };
    assert.deepEqual(shown({ status: 200, headers, chunks: [] }).headers, [
      ['content-type', 'text/plain'],
      ['x-request-id', 'r1'],
      ['set-cookie', '[redacted]'],
    ]);
  });
});
