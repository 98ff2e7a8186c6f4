// The log of a server process that is started with TOOLJET_OPENAI_LOG.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KEY, MINIMAL_QUERIES, mockApi, PLUGIN, source } from './plugin.mjs';

const HARNESS = new URL('../harness/harness.mjs', import.meta.url);

/** Runs `calls`, prints their number, and waits until it is ended. */
const SERVER = `
  import { readFileSync } from 'node:fs';
  import { createHarness } from '${HARNESS}';
  const [plugin, calls] = process.argv.slice(1);
  const harness = createHarness({ text: readFileSync(plugin, 'utf8') });
  let count = 0;
  for (const { source, query, times } of JSON.parse(calls)) {
    for (let time = 0; time < times; time += 1, count += 1) await harness.run(source, query);
  }
  console.log(count);
  setInterval(() => {}, 60_000);`;

/**
 * Starts the server; `log` contains the lines of its standard error as JSON, once they are read.
 */
function startServer(t, calls, env) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', SERVER, PLUGIN, JSON.stringify(calls)],
    { env: { ...process.env, ...env }, cwd: fileURLToPath(new URL('.', import.meta.url)) },
  );
  t.after(() => child.kill());
  return {
    stop: () => child.kill(),
    ran: async () => Number(await once(child.stdout, 'data')),
    async *log() {
      for await (const line of createInterface({ input: child.stderr })) yield JSON.parse(line);
    },
  };
}

const log = { TOOLJET_OPENAI_LOG: 'json' };

test('writes one line per query when the log is on', async (t) => {
  const calls = [
    { source: source(), query: MINIMAL_QUERIES.chat, times: 1 },
    { source: source({ apiKey: 'sk-wrong' }), query: MINIMAL_QUERIES.chat, times: 1 },
    { source: source(), query: { operation: 'chat', prompt: '' }, times: 1 },
  ];
  const lines = [];
  for await (const line of startServer(t, calls, log).log()) {
    lines.push(line);
    if (lines.length === calls.length) break;
  }
  const text = JSON.stringify(lines);
  for (const secret of [KEY, 'sk-wrong', 'capital', 'Paris']) assert.ok(!text.includes(secret));
  const [{ time, duration_ms, ...answered }, rejected, refused] = lines;
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000 && duration_ms >= 0);
  assert.deepEqual(answered, {
    plugin: 'tooljet-openai',
    operation: 'chat',
    model: 'gpt-5.4-mini-2026-03-17',
    host: `localhost:${mockApi.port}`,
    status: 'ok',
    attempts: 1,
    request_id: 'req_mock_api_000001',
    input_tokens: answered.input_tokens,
    output_tokens: answered.output_tokens,
  });
  assert.ok(answered.input_tokens > 0 && answered.output_tokens > 0);
  assert.deepEqual(
    [rejected, refused].map(({ status, http_status, code, attempts }) => [
      status,
      http_status,
      code,
      attempts,
    ]),
    [
      ['failed', 401, 'invalid_api_key', 1],
      ['failed', undefined, 'invalid_option', undefined],
    ],
  );
});

test('writes nothing when the log is off', async (t) => {
  const server = startServer(t, [{ source: source(), query: MINIMAL_QUERIES.chat, times: 1 }], {
    TOOLJET_OPENAI_LOG: '',
  });
  assert.equal(await server.ran(), 1);
  server.stop();
  for await (const line of server.log()) assert.fail(JSON.stringify(line));
});

test('runs queries when nobody reads the log', async (t) => {
  const times = 3_000;
  const server = startServer(t, [{ source: source(), query: { operation: 'chat' }, times }], log);
  assert.equal(await server.ran(), times);
  let count = 0;
  let dropped = 0;
  for await (const line of server.log()) {
    if (line.dropped_lines) dropped += line.dropped_lines;
    else count += 1;
    if (count + dropped === times) break;
  }
  assert.ok(dropped > 0 && count > 1_000, `${count} lines, ${dropped} dropped`);
});
