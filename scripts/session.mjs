// Reads the session of a ToolJet admin from the environment, a private file or standard input, so
// that neither a process list nor the shell history shows it.

import { readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** The value of ToolJet's session cookie. */
export async function readSession({ file }) {
  const session = (await given(file)).trim();
  if (session === '') {
    throw new Error(
      'no session: set TOOLJET_SESSION, name a file with --session-file, or give it on standard input',
    );
  }
  // Must be a signed token: anything else could end the cookie and begin another header.
  if (!/^[\w.~+/=-]+$/.test(session)) {
    throw new Error('the session is not the value of a cookie tj_auth_token');
  }
  return session;
}

function given(file) {
  if (file !== undefined) return fromFile(file);
  if (process.env.TOOLJET_SESSION) return process.env.TOOLJET_SESSION;
  return process.stdin.isTTY ? fromPrompt() : text(process.stdin);
}

function fromFile(file) {
  const mode = statSync(file).mode & 0o777;
  if (mode & 0o077) {
    throw new Error(`${file} is open to others (mode 0${mode.toString(8)}): chmod 600 ${file}`);
  }
  return readFileSync(file, 'utf8');
}

function fromPrompt() {
  process.stderr.write('Value of the cookie tj_auth_token (not shown): ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  return new Promise((resolve) => {
    prompt.once('line', resolve);
    prompt.once('close', () => resolve(''));
    prompt.once('SIGINT', () => prompt.close());
  }).finally(() => {
    prompt.close();
    process.stderr.write('\n');
  });
}
