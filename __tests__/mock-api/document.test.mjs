import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENDPOINTS } from '../../mock-api/endpoints.mjs';
import { isDocumented, validateRequest, validateResponse } from '../openapi.mjs';
import { answer, asForm, CHAT, COMPLETIONS, completion, conversation, send } from './client.mjs';
import { VARIANTS } from './variants.mjs';

describe("the mock API follows OpenAI's document", () => {
  for (const [path, variants] of Object.entries(VARIANTS)) {
    for (const [name, body] of Object.entries(variants)) {
      it(`responds to ${name} at ${path} as in OpenAI's document`, async () => {
        assert.deepEqual(validateRequest('POST', path, body), []);
        const answered = await answer(path, body);
        assert.deepEqual(validateResponse('POST', path, 200, answered), []);
      });
    }
  }

  for (const { path, example, isForm } of ENDPOINTS.filter((each) =>
    isDocumented(`/v1${each.path}`),
  )) {
    it(`responds to the example of ${path} as in OpenAI's document`, async () => {
      const answered = await answer(`/v1${path}`, isForm ? asForm(example) : example);
      assert.deepEqual(validateResponse('POST', `/v1${path}`, 200, answered), []);
    });
  }

  it("responds to the model list and to each model as in OpenAI's document", async () => {
    const { body: list } = await send('GET', '/v1/models');
    assert.deepEqual(validateResponse('GET', '/v1/models', 200, list), []);
    for (const { id } of list.data) {
      const { status, body } = await send('GET', `/v1/models/${encodeURIComponent(id)}`);
      assert.equal(status, 200);
      assert.deepEqual(validateResponse('GET', `/v1/models/${id}`, 200, body), []);
    }
  });

  it("responds to every failure as in OpenAI's document, except the one in plain text", async () => {
    const failures = [
      ['GET', '/v1/models', { headers: { authorization: '' } }],
      ['GET', '/v1/models', { headers: { authorization: 'Bearer sk-proj-someone-elses-key' } }],
      ['GET', '/v1/models/nope', {}],
      ['GET', '/v1/v1/models', {}],
      ['GET', COMPLETIONS, {}],
      ['POST', COMPLETIONS, { body: completion({ model: 'gpt-3.5-turbo-instruct' }) }],
      ['POST', CHAT, { body: conversation({ temperature: 3 }) }],
      [
        'POST',
        CHAT,
        { body: conversation(), headers: { authorization: 'Bearer sk-mock-api-no-credit' } },
      ],
    ];
    for (const [method, path, options] of failures) {
      const { status, body } = await send(method, path, options);
      assert.ok(status >= 400, `${method} ${path}`);
      assert.deepEqual(
        validateResponse('GET', '/v1/models', status, body),
        [],
        `${method} ${path}`,
      );
    }
  });

  it('sends a request id and the headers of the API with every response', async () => {
    const first = await send('POST', CHAT, { body: conversation() });
    const second = await send('POST', CHAT, { body: conversation() });
    assert.equal(first.headers.get('content-type'), 'application/json');
    assert.match(first.headers.get('x-request-id'), /^req_/);
    assert.notEqual(first.headers.get('x-request-id'), second.headers.get('x-request-id'));
    assert.equal(first.headers.get('openai-organization'), 'org-mock-api');
    assert.equal(first.headers.get('openai-version'), '2020-10-01');
    assert.match(first.headers.get('x-ratelimit-reset-requests'), /^\d+ms$/);
  });
});
