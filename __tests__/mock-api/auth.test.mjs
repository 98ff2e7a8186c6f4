import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHAT, conversation, KEY, send } from './client.mjs';

describe('authentication of the mock API', () => {
  const list = (headers) => send('GET', '/v1/models', { headers });

  it('accepts every mock API key, as bearer or in the api-key header', async () => {
    assert.equal((await list({})).status, 200);
    assert.equal((await list({ authorization: '', 'api-key': KEY })).status, 200);
  });

  it('rejects a request without a key, with no code', async () => {
    const { status, body } = await list({ authorization: '' });
    assert.deepEqual([status, body.error.code], [401, null]);
  });

  it('rejects another key, and repeats its ends in the message', async () => {
    const { status, body } = await list({ authorization: 'Bearer sk-proj-abcdefgh-secret-1234' });
    assert.deepEqual([status, body.error.code], [401, 'invalid_api_key']);
    assert.match(body.error.message, /sk-proj-\*+1234/);
    assert.doesNotMatch(body.error.message, /secret/);
  });

  it('allows chat and rejects the model list, in plain text, for a restricted key', async () => {
    const headers = { authorization: 'Bearer sk-mock-api-restricted' };
    const { status, body } = await list(headers);
    assert.equal(status, 403);
    assert.match(body.error, /Missing scopes: api\.model\.read/);
    assert.equal((await send('POST', CHAT, { headers, body: conversation() })).status, 200);
  });

  it('allows the model list for a key that may only list models', async () => {
    const headers = { authorization: 'Bearer sk-mock-api-models-only' };
    assert.equal((await list(headers)).status, 200);
    const { status, body } = await send('POST', CHAT, { headers, body: conversation() });
    assert.equal(status, 401);
    assert.match(body.error.message, /Missing scopes: model\.request/);
  });

  it('distinguishes an account without credit from a rate limit', async () => {
    const noCredit = await send('POST', CHAT, {
      headers: { authorization: 'Bearer sk-mock-api-no-credit' },
      body: conversation(),
    });
    assert.deepEqual([noCredit.status, noCredit.body.error.type], [429, 'insufficient_quota']);
    assert.equal(noCredit.headers.get('retry-after'), null);

    const tooFast = await send('POST', CHAT, {
      headers: { authorization: 'Bearer sk-mock-api-rate-limited' },
      body: conversation(),
    });
    assert.deepEqual([tooFast.status, tooFast.body.error.code], [429, 'rate_limit_exceeded']);
    assert.equal(tooFast.headers.get('retry-after'), '1');
    assert.equal(tooFast.headers.get('retry-after-ms'), '20');
  });

  it('checks the organization and the project', async () => {
    const codeFor = async (headers) => (await list(headers)).body.error?.code;
    assert.equal(await codeFor({ 'openai-organization': 'org-mock-api' }), undefined);
    assert.equal(await codeFor({ 'openai-organization': 'org-other' }), 'mismatched_organization');
    assert.equal(await codeFor({ 'openai-organization': 'Acme' }), 'invalid_organization');
    assert.equal(await codeFor({ 'openai-organization': '' }), 'invalid_organization');
    assert.equal(await codeFor({ 'openai-project': 'proj_mock_api' }), undefined);
    assert.equal(await codeFor({ 'openai-project': 'proj_other' }), 'mismatched_project');
  });
});
