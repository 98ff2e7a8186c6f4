// The addon runs as long as ToolJet's server: a thousand queries, invalid input and even a panic
// leave the process unchanged.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { steadyGrowth } from '../scripts/stress/growth.mjs';
import {
  connect,
  fail,
  inProcess,
  KEY,
  MINIMAL_QUERIES,
  mockApi,
  QUERY_FAILED,
  refuse,
  run,
  source,
  succeed,
} from './plugin.mjs';

const MB = 1024 * 1024;
const MAX_MB = 12;
const onLinux = process.platform !== 'linux' && 'only Linux tells memory and threads in /proc';

/** Has a history of 40 kB, so that leaks per query add up. */
const LONG = {
  ...MINIMAL_QUERIES.chat,
  message_history: [{ role: 'assistant', content: 'and so on '.repeat(4_000) }],
};

/** Runs calls in twenty rounds, and measures the process after each. */
async function inRounds(calls) {
  const { states, ...rest } = await inProcess({
    calls: Array.from({ length: 20 }, () => calls).flat(),
    nodeOptions: ['--expose-gc'],
  });
  return { ...rest, states: states.filter((_, index) => (index + 1) % calls.length === 0) };
}

/** The allocators may take another step at any time; what leaks grows all the time. */
function assertNothingLeft(t, states) {
  const grown = steadyGrowth(states.map(({ memory }) => memory)) / MB;
  const threads = states.at(-1).threads;
  t.diagnostic(`grew by ${grown.toFixed(1)} MB; ${threads} threads`);
  assert.ok(grown < MAX_MB, `grew by ${grown} MB`);
  // Threads that resolve names start and end.
  assert.ok(threads <= states[9].threads + 2, `${states[9].threads}, then ${threads} threads`);
}

describe('a thousand queries, one after the other', () => {
  let served;

  test('uses one connection and loads the addon once for a thousand queries', async () => {
    served = await inRounds([{ source: source(), query: LONG, times: 50 }]);
    const answers = new Set(served.results.map(({ data }) => data));
    assert.deepEqual([...answers], ['The capital of France is Paris.']);
    assert.equal(mockApi.requests.length, 1_000);
    assert.equal(mockApi.connections, 1);
    assert.equal(served.loads, 1);
  });

  test('keeps no memory and no threads after a thousand queries', { skip: onLinux }, (t) =>
    assertNothingLeft(t, served.states),
  );
});

test('keeps no memory and no threads after failing queries', { skip: onLinux }, async (t) => {
  const { results, states } = await inRounds([
    { source: source({ apiKey: 'sk-wrong' }), query: LONG, times: 20 },
    { source: source({ base_url: 'http://localhost:1', max_retries: 0 }), query: LONG, times: 20 },
    { source: source(), query: { ...LONG, prompt: '' }, times: 20 },
  ]);
  assert.deepEqual([...new Set(results.map(({ status }) => status))], ['failed']);
  assertNothingLeft(t, states);
});

test('uses few threads for a hundred queries at once', { skip: onLinux }, async (t) => {
  const threads = () => readdirSync('/proc/self/task').length;
  await succeed(MINIMAL_QUERIES.chat);
  const before = threads();
  const results = await Promise.all(Array.from({ length: 100 }, () => run(MINIMAL_QUERIES.chat)));
  assert.ok(results.every(({ data }) => data === 'The capital of France is Paris.'));
  t.diagnostic(`${before} threads for one query, ${threads()} for a hundred`);
  assert.ok(threads() <= before + 8, `${before}, then ${threads()} threads`);
});

describe('pasted credentials', () => {
  const around = (text) => [`${text}\n`, ` ${text} `, `\r\n\t${text}\r\n`];

  test('accepts pasted credentials with blanks around them', async () => {
    for (const apiKey of around(KEY)) await succeed(MINIMAL_QUERIES.chat, { apiKey });
    for (const organizationId of around('org-mock-api')) {
      await succeed(MINIMAL_QUERIES.chat, { organizationId });
    }
    for (const base_url of around(mockApi.baseUrl)) {
      await succeed(MINIMAL_QUERIES.chat, { base_url });
      assert.deepEqual(await connect({ base_url }), { status: 'ok' });
    }
  });

  test('names the field, and does not repeat it, when pasted credentials contain a line break', async () => {
    for (const [key, label, value] of [
      ['apiKey', 'API key', `${KEY}\nsecret-part`],
      ['apiKey', 'API key', `${KEY}\u200bsecret-part`],
      ['organizationId', 'Organization ID', 'org-mock-api\nsecret-part'],
      ['project_id', 'Project ID', 'proj_mock_api\rsecret-part'],
      ['base_url', 'Base URL', `${mockApi.baseUrl}\nsecret-part`],
      ['base_url', 'Base URL', `${mockApi.baseUrl} secret-part`],
    ]) {
      const description = await refuse(MINIMAL_QUERIES.chat, { [key]: value });
      assert.ok(description.startsWith(`${label} must `), description);
      assert.doesNotMatch(description, /secret-part/);
      assert.match((await connect({ [key]: value })).message, new RegExp(`: ${label} must `));
    }
  });
});

test('throws a QueryError and sends nothing when an option is missing or unknown', async () => {
  for (const [query, sourceOptions, problem] of [
    [MINIMAL_QUERIES.chat, { apiKey: undefined }, 'API key is missing'],
    [{ operation: 'chat' }, {}, 'Prompt is empty'],
    [{ operation: 'completion' }, {}, 'Prompt is empty'],
    [{ operation: 'image_generation' }, {}, 'Prompt is empty'],
    [{ operation: 'generate_embedding' }, {}, 'Input is empty'],
    [{ operation: 'summon', prompt: 'x' }, {}, 'Operation "summon" is unknown'],
    [{ prompt: 'x' }, {}, 'Operation is missing'],
    [undefined, {}, 'Operation is missing'],
  ]) {
    const description = await refuse(query, sourceOptions);
    assert.ok(description.startsWith(problem), description);
  }
  const { results } = await inProcess({ calls: [{}] });
  assert.equal(results[0].message, QUERY_FAILED);
  assert.match(results[0].description, /^API key is missing/);
  assert.equal(mockApi.requests.length, 0);
});

test('throws a QueryError when a value does not fit JSON', async () => {
  for (const prompt of [() => {}, Symbol('x')]) {
    const result = await run({ ...MINIMAL_QUERIES.chat, prompt });
    assert.equal(result.status, 'failed', String(prompt));
    assert.equal(result.message, QUERY_FAILED);
  }
  await succeed(MINIMAL_QUERIES.chat);
});

test('throws a QueryError when the core panics, and runs the next query', async () => {
  const plugin = fileURLToPath(new URL('../target/panic-probe/dist/index.js', import.meta.url));
  assert.ok(existsSync(plugin), 'npm test builds target/panic-probe, an addon that can panic');
  const bug = { source: source(), query: { operation: 'panic' } };
  const { results, stdout, stderr } = await inProcess({
    plugin,
    calls: [
      bug,
      { source: source(), query: MINIMAL_QUERIES.chat },
      { ...bug, times: 50 },
      bug,
      {
        source: source(),
        query: MINIMAL_QUERIES.chat,
      },
    ],
  });
  assert.deepEqual(
    results.map(({ status }) => status),
    ['failed', 'ok', 'failed', 'failed', 'ok'],
  );
  const { message, description, data } = results[0];
  assert.equal(message, QUERY_FAILED);
  assert.match(description, /^The plugin failed unexpectedly: forced by a test\. This is a bug/);
  assert.equal(data.code, 'internal_error');
  assert.equal(data.message, description);
  assert.deepEqual([stderr, stdout.trim().split('\n').length], ['', 1]);
});

test('has no way to panic in the release build', async () => {
  const { description } = await fail({ operation: 'panic' });
  assert.match(description, /^Operation "panic" is unknown/);
});
