import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { redactOptions } from '../redaction.mjs';

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
