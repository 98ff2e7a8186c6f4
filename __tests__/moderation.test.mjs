// Moderation in Chat with the mock API: what an app binds to.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { validateRequest } from './openapi.mjs';
import { fail, mockApi, sent, succeed, takesEverything } from './plugin.mjs';

const APIS = ['chat_completions', 'responses'];
const ask = (options) => ({
  operation: 'chat',
  prompt: 'I will hurt you. What is the capital of Norway?',
  ...options,
});
/** For `respondWith`: a server that ignores unknown parameters. */
const checksNothing = ({ path, body: { moderation: _, ...body } }) =>
  takesEverything({ path, body });
const checked = ({ flagged, categories }) => ({ flagged, categories });

describe('a chat with Moderation', () => {
  for (const api of APIS) {
    test(`reports flagged content in prompt and answer over ${api}`, async () => {
      const { data, metadata } = await succeed(ask({ api, moderation: 'both' }));
      const { method, path, body } = mockApi.requests[0];
      assert.deepEqual(validateRequest(method, path, body), []);
      assert.equal(data, 'The capital of Norway is Oslo.');
      const { input, output } = metadata.moderation;
      assert.deepEqual(checked(input), { flagged: true, categories: ['violence'] });
      assert.deepEqual(checked(output), { flagged: false, categories: [] });
      assert.ok(input.scores.violence > 0.9 && output.scores.violence < 0.1);
    });

    test(`returns the same as the Moderate operation over ${api}`, async () => {
      const { metadata } = await succeed(ask({ api, moderation: 'input' }));
      const { data } = await succeed({ operation: 'moderation', input: ask().prompt });
      assert.deepEqual(metadata.moderation.input, data);
    });

    test(`fails without the answer when a server over ${api} does not check`, async () => {
      mockApi.respondWith(checksNothing);
      const { data } = await fail(ask({ api, moderation: 'output' }));
      assert.equal(data.code, 'not_moderated');
      assert.equal(data.param, 'moderation');
      assert.equal(data.partial, undefined);
    });
  }

  test('returns the results in data when the form asks for details', async () => {
    const { data } = await succeed(ask({ moderation: 'input', result: 'details' }));
    assert.equal(data.moderation.input.flagged, true);
  });

  test('fails with the API error when its model is unknown', async () => {
    const { data } = await fail(
      ask({ moderation: 'input', extra_body: { moderation: { model: 'gpt-x' } } }),
    );
    assert.equal(data.code, 'model_not_found');
  });
});

describe('a saved chat', () => {
  test('is not checked when it was saved before Moderation existed', async () => {
    mockApi.respondWith(takesEverything);
    for (const moderation of [undefined, null, '', 'unset', 'off']) {
      assert.equal((await sent(ask({ moderation }))).body.moderation, undefined);
    }
  });

  test("returns the server's results when Extra body requests the check", async () => {
    const member = { model: 'omni-moderation-latest' };
    const { metadata } = await succeed(ask({ extra_body: { moderation: member } }));
    assert.deepEqual(mockApi.requests[0].body.moderation, member);
    assert.equal(metadata.moderation.input.type, 'moderation_results');
    assert.equal(metadata.moderation.input.results[0].categories.violence, true);
  });

  test('sends the same request when a field of another operation is left over', async () => {
    mockApi.respondWith(takesEverything);
    const { body } = await sent(ask({ image_moderation: 'low', moderation_model: 'other' }));
    assert.equal(body.moderation, undefined);
  });
});
