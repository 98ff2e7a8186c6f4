// The addon's threads in a server process: they do not delay its end, do not crash it, and survive
// the end of a worker.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startMockApi } from '../mock-api/server.mjs';

const node = process.env.NODE_UNDER_TEST ?? process.execPath;
const plugin = process.env.PLUGIN ?? fileURLToPath(new URL('../dist/index.js', import.meta.url));
const script = fileURLToPath(new URL('process/server.mjs', import.meta.url));

/** Far less than the addon's own timeouts, and plenty for an emulated process on a busy machine. */
const PROMPT_MS = 60_000;

const mockApi = await startMockApi();
const home = await mkdtemp(join(tmpdir(), 'process-'));
const running = new Set();
beforeEach(() => mockApi.reset());
afterEach(() => {
  for (const server of running) server.kill('SIGKILL');
});
after(async () => {
  await mockApi.close();
  rmSync(home, { recursive: true });
});

class Server {
  #process;
  #messages = [];
  #events = new EventTarget();

  constructor({ env = {}, ...task } = {}) {
    const source = { apiKey: 'sk-mock-api-test', base_url: mockApi.baseUrl };
    this.#process = fork(script, [JSON.stringify({ plugin, source, ...task })], {
      execPath: node,
      execArgv: [],
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, ...env },
    });
    running.add(this.#process);
    this.#process.on('message', (message) => {
      this.#messages.push(message);
      this.#events.dispatchEvent(new Event('message'));
    });
    this.ended = once(this.#process, 'exit').then(([code, signal]) => {
      running.delete(this.#process);
      return { code, signal };
    });
  }

  tell(command, details) {
    this.#process.send({ command, ...details });
  }

  kill(signal) {
    this.#process.kill(signal);
  }

  /** Resolves to the next message with this property. */
  async hears(property) {
    for (;;) {
      const at = this.#messages.findIndex((message) => property in message);
      if (at !== -1) return this.#messages.splice(at, 1)[0];
      const message = once(this.#events, 'message').then(() => true);
      const ended = this.ended.then((end) => assert.fail(`ended: ${JSON.stringify(end)}`));
      await Promise.race([message, ended]);
    }
  }

  /** Resolves once this number of requests is in flight at the mock API. */
  async sent(count) {
    const deadline = Date.now() + PROMPT_MS;
    while (mockApi.inFlight !== count) {
      assert.ok(running.has(this.#process), 'the process has ended');
      assert.ok(Date.now() < deadline, `${mockApi.inFlight} of ${count} queries are in flight`);
      await wait(5);
    }
  }

  /** Resolves to how the process ends. */
  async endsPromptly() {
    const late = wait(PROMPT_MS, 'still running', { ref: false });
    return Promise.race([this.ended, late]);
  }
}

/** The mock API delays all responses until the returned function is called. */
function holdAnswers() {
  let answer;
  const held = new Promise((resolve) => {
    answer = resolve;
  });
  mockApi.respondWith(() => held);
  return answer;
}

const hang = { fault: 'hang' };
const ok = (count) => Array(count).fill('ok');

/** ToolJet runs workflows in separate processes. */
const kinds = { 'a server': {}, 'a WORKER=true process': { WORKER: 'true' } };

for (const [kind, env] of Object.entries(kinds)) {
  describe(kind, () => {
    test(`${kind} exits at once with its own code while queries are in flight`, async () => {
      mockApi.respondWith(hang);
      const server = new Server({ env });
      server.tell('query', { count: 50 });
      await server.sent(50);
      server.tell('exit');
      assert.deepEqual(await server.endsPromptly(), { code: 0, signal: null });
    });

    test(`${kind} ends on SIGTERM while queries are in flight`, async () => {
      mockApi.respondWith(hang);
      const server = new Server({ env });
      server.tell('query', { count: 50 });
      await server.sent(50);
      server.kill('SIGTERM');
      assert.deepEqual(await server.endsPromptly(), { code: null, signal: 'SIGTERM' });
    });

    test(`${kind} that handles SIGTERM exits with code 0 while queries are in flight`, async () => {
      mockApi.respondWith(hang);
      const server = new Server({ env });
      server.tell('exitOnSigterm');
      await server.hears('ready');
      server.tell('query', { count: 50 });
      await server.sent(50);
      server.kill('SIGTERM');
      assert.deepEqual(await server.endsPromptly(), { code: 0, signal: null });
    });

    test(`${kind} exits when all queries are answered`, async () => {
      const server = new Server({ env });
      server.tell('query', { count: 5 });
      assert.deepEqual((await server.hears('statuses')).statuses, ok(5));
      server.tell('forgetParent');
      assert.deepEqual(await server.endsPromptly(), { code: 0, signal: null });
    });
  });
}

test('a server with nothing else to do stays until its queries are answered', async () => {
  const answer = holdAnswers();
  const server = new Server();
  server.tell('queryAndForgetParent', { count: 2, exitCode: 42 });
  await server.sent(2);
  answer();
  assert.deepEqual(await server.endsPromptly(), { code: 42, signal: null });
});

for (const answers of [1, 20, 199]) {
  test(`a server exits with code 0 when it exits as result ${answers} of 200 arrives`, async () => {
    const server = new Server();
    server.tell('exitAfterAnswers', { count: 200, answers });
    assert.deepEqual(await server.ended, { code: 0, signal: null });
  });
}

test('terminated workers do not affect the queries of others', async () => {
  const answer = holdAnswers();
  const server = new Server();
  server.tell('query', { count: 4 });
  server.tell('startWorkers', { count: 6, queries: 4 });
  await server.sent(28);

  server.tell('terminateWorkers', { count: 3 });
  await server.hears('terminated');
  answer();

  for (let worker = 0; worker < 3; worker += 1) {
    const message = await server.hears('worker');
    assert.ok(message.worker >= 3, 'a terminated worker had an answer');
    assert.deepEqual(message.statuses, ok(4));
  }
  assert.deepEqual((await server.hears('loads')).statuses, ok(4));
  server.tell('query', { count: 10 });
  assert.deepEqual((await server.hears('loads')).statuses, ok(10));
  server.tell('exit');
  assert.deepEqual(await server.endsPromptly(), { code: 0, signal: null });
});

test('a server continues when all workers end', async () => {
  mockApi.respondWith(hang);
  const server = new Server();
  server.tell('startWorkers', { count: 4, queries: 5 });
  await server.sent(20);
  server.tell('terminateWorkers', { count: 4 });
  await server.hears('terminated');
  mockApi.respondWith(undefined);
  server.tell('query', { count: 10 });
  assert.deepEqual((await server.hears('loads')).statuses, ok(10));
});

test('loads the addon once in developer mode, which evaluates the plugin for every query', async () => {
  const answer = holdAnswers();
  const server = new Server({ devMode: true });
  server.tell('query', { count: 10 });
  await server.sent(10);
  server.tell('query', { count: 10 });
  await server.sent(20);
  answer();
  for (let batch = 0; batch < 2; batch += 1) {
    assert.deepEqual(await server.hears('loads'), { statuses: ok(10), loads: 1 });
  }
});
