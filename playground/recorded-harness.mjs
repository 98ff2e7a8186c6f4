// Runs the plugin in a separate process, whose requests go through the recorder. The process is
// kept between queries, because the plugin caches what it learns about an API.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRecorder } from './recorder.mjs';

const PROGRAM = fileURLToPath(new URL('recorded-process.mjs', import.meta.url));

/** `plugin` is the text of dist/index.js. */
export async function startRecordedHarness({ plugin }) {
  const ends = [];
  async function close() {
    for (const end of ends.splice(0)) await end();
  }
  try {
    return { ...(await start(plugin, (end) => ends.unshift(end))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Registers with `atEnd` how to end each part once it exists. */
async function start(plugin, atEnd) {
  const recorder = await startRecorder();
  atEnd(recorder.close);
  const folder = mkdtempSync(join(tmpdir(), 'tooljet-openai-playground-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, recorder.certificate);
  const { NO_PROXY, no_proxy, ...inherited } = process.env;
  const child = fork(PROGRAM, {
    env: { ...inherited, TOOLJET_HTTP_PROXY: recorder.url, NODE_EXTRA_CA_CERTS: ca },
    // JSON would drop options that are undefined.
    serialization: 'advanced',
    execArgv: [],
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('The process that runs the plugin has ended.');
  });
  ended.catch(() => {});
  atEnd(async () => {
    child.kill();
    await ended.catch(() => {});
  });

  async function ask(message) {
    child.send(message);
    const [answer] = await Promise.race([once(child, 'message'), ended]);
    return answer;
  }

  await ask(plugin);
  return {
    isRunning: () => child.connected && child.exitCode === null && child.signalCode === null,
    /** Resolves to `{value: {result, elapsedMs}, requests}` for `{source, query, tooljet}`. */
    run: (call) => recorder.record(() => ask(call)),
  };
}
