// Web search and reasoning: what the form sends to the API, and what an app gets.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { validateRequest } from './openapi.mjs';
import { mockApi, refuse, sent, succeed, takesEverything } from './plugin.mjs';

const QUESTION = 'What is the capital of Norway?';
const search = (options) => ({
  operation: 'chat',
  prompt: QUESTION,
  web_search: 'on',
  ...options,
});

/** Returns a query's only request, which must match OpenAI's document. */
async function request(query) {
  const { path, body } = await sent(query);
  assert.deepEqual(validateRequest('POST', path, body), []);
  return { path, body };
}

describe('a search of the web', () => {
  test('sends size, domains and country to the Responses API', async () => {
    const { path, body } = await request(
      search({
        search_context_size: 'low',
        search_domains: 'https://example.com/news, docs.example.org',
        search_country: 'de',
      }),
    );
    assert.equal(path, '/v1/responses');
    assert.deepEqual(body.tools, [
      {
        type: 'web_search',
        search_context_size: 'low',
        filters: { allowed_domains: ['example.com', 'docs.example.org'] },
        user_location: { type: 'approximate', country: 'DE' },
      },
    ]);
  });

  test('lists each page that the answer cites once, next to the citations', async () => {
    const { data, metadata } = await succeed(
      search({ search_domains: ['a.example', 'b.example'] }),
    );
    assert.match(data, /^The capital of Norway is Oslo\./);
    assert.deepEqual(
      metadata.sources.map(({ title, url }) => [title, new URL(url).host]),
      [
        [`${QUESTION} (a.example)`, 'a.example'],
        [`${QUESTION} (b.example)`, 'b.example'],
      ],
    );
    assert.ok(metadata.sources.every((source) => Object.keys(source).length === 2));
    assert.equal(metadata.annotations.length, 2);
    for (const { url_citation: cited } of metadata.annotations) {
      assert.ok(data.slice(cited.start_index, cited.end_index).includes(cited.url));
    }
  });

  test('is not requested while it is off, whatever the other fields contain', async () => {
    const { body } = await request(
      search({ web_search: 'off', search_domains: '?', search_country: '?' }),
    );
    assert.equal(body.tools, undefined);
  });

  test('sends options instead of the tool when the model always searches', async () => {
    mockApi.respondWith(takesEverything);
    const model = 'gpt-5-search-api';
    const { path, body } = await request(search({ model, search_country: 'fr' }));
    assert.equal(path, '/v1/chat/completions');
    assert.deepEqual(body.web_search_options, {
      user_location: { type: 'approximate', approximate: { country: 'FR' } },
    });
    assert.match(
      await refuse(search({ model, search_domains: 'a.example' })),
      /^Allowed domains cannot be used with a model that always searches/,
    );
  });

  test('names the field when only Chat Completions may be used', async () => {
    assert.match(
      await refuse(search({ api: 'chat_completions' })),
      /^Web search needs the Responses API/,
    );
  });

  test('lists the sources that a compatible server sends under other names', async () => {
    const citations = ['https://a.example/1', 'https://b.example/2'];
    const search_results = [{ title: 'First', url: citations[0], date: '2026-11-01' }];
    mockApi.respondWith(() => ({
      body: { choices: [{ message: { content: 'a [1]' } }], citations, search_results },
    }));
    const { metadata } = await succeed({ operation: 'chat', prompt: QUESTION });
    assert.deepEqual(metadata.sources, [
      { title: 'First', url: citations[0] },
      { title: 'b.example', url: citations[1] },
    ]);
    assert.deepEqual([metadata.citations, metadata.search_results], [citations, search_results]);
  });
});

describe('reasoning', () => {
  const think = (options) => ({
    operation: 'chat',
    model: 'gpt-6-luna',
    prompt: QUESTION,
    ...options,
  });

  test('returns its summary when requested', async () => {
    const query = think({ reasoning_summary: 'auto', reasoning_effort: 'low' });
    const { body } = await request(query);
    assert.deepEqual(body.reasoning, { effort: 'low', summary: 'auto' });
    const { data, metadata } = await succeed(query);
    assert.equal(data, 'The capital of Norway is Oslo.');
    assert.match(metadata.reasoning, /Reading the question/);
  });

  test('sends the mode only when it is Pro', async () => {
    const { body } = await request(think({ reasoning_mode: 'pro' }));
    assert.deepEqual(body.reasoning, { mode: 'pro' });
    const plain = await request(think({ reasoning_mode: 'standard', reasoning_summary: 'off' }));
    assert.equal(plain.body.reasoning, undefined);
  });
});
