// The known defects of ToolJet's own plugin, in the order of the list.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { serveFixture } from './fixtures.mjs';
import { MAX_OPERATIONS_BYTES } from './form-rules.mjs';
import { listFields, operations } from './forms.mjs';
import {
  apiError,
  fail,
  inProcess,
  KEY,
  MINIMAL_QUERIES,
  mockApi,
  OPERATIONS,
  operatorsAccount,
  refuse,
  sent,
  source,
  succeed,
  takesEverything,
} from './plugin.mjs';

test('1. sends the organization', async () => {
  const { headers } = await sent(MINIMAL_QUERIES.chat, { organizationId: 'org-mock-api' });
  assert.equal(headers['openai-organization'], 'org-mock-api');
});

test('2. fails when the API reports an error, instead of returning it as data', async () => {
  mockApi.respondWith(apiError(400, { message: 'Bad prompt.' }));
  assert.match((await fail(MINIMAL_QUERIES.chat)).description, /Bad prompt\./);
});

test('3. prints nothing on the server when a query fails', async () => {
  const key = 'sk-wrong-0123456789abcdef';
  const { stdout, stderr, results } = await inProcess({
    calls: [
      { source: source({ apiKey: key }), query: MINIMAL_QUERIES.chat },
      { source: source({ apiKey: key }), test: true },
      { source: source({ base_url: 'http://localhost:1' }), query: MINIMAL_QUERIES.chat },
    ],
  });
  assert.deepEqual([...new Set(results.map(({ status }) => status))], ['failed']);
  assert.equal(stderr, '');
  assert.equal(stdout.trim().split('\n').length, 1);
  assert.ok(!stdout.includes(key.slice(0, 12)) && !stdout.includes(key.slice(-8)));
});

test('4. names an unknown operation', async () => {
  assert.match(
    await refuse({ ...MINIMAL_QUERIES.chat, operation: 'summon' }),
    /^Operation "summon" is unknown\. Choose Chat, Chat for a list, Completions, /,
  );
});

test('5. does not send an emptied number field', async () => {
  for (const empty of ['', null, undefined, ' ']) {
    mockApi.respondWith(takesEverything);
    const numbers = { max_tokens: empty, temperature: empty, top_p: empty, n: empty, seed: empty };
    const { text } = await sent({ ...MINIMAL_QUERIES.chat, ...numbers });
    assert.doesNotMatch(text, /null|NaN|max_tokens|temperature|top_p|"n"|seed/);
  }
});

test('6. does not choose parameters by the start of a model name', async () => {
  mockApi.respondWith(takesEverything);
  for (const model of ['openchat-3.5', 'olmo-2', 'o9', 'gpt-5-by-somebody', 'gpt-50']) {
    const { body } = await sent({
      ...MINIMAL_QUERIES.chat,
      model,
      temperature: 0.5,
      max_tokens: 9,
    });
    assert.deepEqual([body.temperature, body.max_tokens], [0.5, 9], model);
  }
});

test('7. uses or rejects a history that is not an array, and never ignores it', async () => {
  const turn = { role: 'assistant', content: 'Hi.' };
  assert.deepEqual(
    (await sent({ ...MINIMAL_QUERIES.chat, message_history: turn })).body.messages[0],
    turn,
  );
  for (const message_history of ['Hi.', 5, true, '"Hi."']) {
    assert.match(await refuse({ ...MINIMAL_QUERIES.chat, message_history }), /^Message history /);
  }
});

test('8. rejects an empty prompt, and never sends an empty list of messages', async () => {
  for (const prompt of ['', ' ', null, undefined, []]) {
    assert.match(await refuse({ ...MINIMAL_QUERIES.chat, prompt }), /^Prompt is empty/);
  }
});

test('9. distinguishes refusals, tool calls and empty choices', async () => {
  for (const [fixture, code] of [
    ['chat_refusal', 'refusal'],
    ['chat_content_filter', 'content_filter'],
    ['compat_choices_empty', 'no_answer'],
  ]) {
    mockApi.respondWith(serveFixture(fixture));
    const { data, description } = await fail(MINIMAL_QUERIES.chat);
    assert.equal(data.code, code);
    assert.doesNotMatch(description, /null|undefined|TypeError/);
  }
  mockApi.respondWith(serveFixture('chat_tool_calls_null_content'));
  const { data, metadata } = await succeed(MINIMAL_QUERIES.chat);
  assert.equal(data, null);
  assert.equal(metadata.finish_reason, 'tool_calls');
  assert.equal(metadata.tool_calls[0].type, 'function');
});

test('10. does not retry for an account without credit', async () => {
  const { data } = await fail(MINIMAL_QUERIES.chat, { apiKey: 'sk-mock-api-no-credit' });
  assert.deepEqual([data.code, data.attempts], ['insufficient_quota', 1]);
  assert.equal(mockApi.requests.length, 1);
});

test("11. ignores the server's OPENAI_* variables", async (t) => {
  const { api, env } = await operatorsAccount(t);
  const { results } = await inProcess({
    env,
    calls: [
      { source: source(), query: MINIMAL_QUERIES.chat },
      { source: { apiKey: KEY, max_retries: 0 }, query: MINIMAL_QUERIES.chat },
    ],
  });
  assert.deepEqual(
    results.map(({ status }) => status),
    ['ok', 'failed'],
  );
  assert.deepEqual([mockApi.requests.length, api.requests.length], [1, 0]);
  assert.doesNotMatch(JSON.stringify(mockApi.requests[0].headers), /operator/);
});

test('12. shows no field twice', async () => {
  for (const operation of OPERATIONS) {
    const keys = listFields(operation).map(({ key }) => key);
    assert.deepEqual(keys, [...new Set(keys)], operation);
  }
  const size = readFileSync(new URL('../operations.json', import.meta.url)).length;
  assert.ok(size < MAX_OPERATIONS_BYTES, `operations.json has ${size} bytes`);
});

test('13. accepts and sends every value that the help texts allow', async () => {
  for (const operation of ['completion', 'chat']) {
    const field = (key) => listFields(operation).find((each) => each.key === key);
    assert.match(field('temperature').placeholder, /^0 to 2\b/);
    assert.match(field('max_tokens').accepts, /of at least 1$/);
    mockApi.respondWith(takesEverything);
    const most = {
      ...MINIMAL_QUERIES[operation],
      model: 'm',
      temperature: '2',
      max_tokens: '100000',
    };
    const { body } = await sent(most);
    assert.deepEqual([body.temperature, body.max_tokens], [2, 100_000]);
    assert.match(await refuse({ ...most, temperature: '2.01' }), /^Temperature must /);
    assert.match(await refuse({ ...most, max_tokens: '0' }), /^Max tokens must /);
  }
});

test('14. runs a query of every operation of the form', async () => {
  const offered = operations.properties.operation.list.map(({ value }) => value);
  assert.deepEqual(OPERATIONS, offered);
  mockApi.respondWith(takesEverything);
  for (const operation of offered) await succeed(MINIMAL_QUERIES[operation]);
});
