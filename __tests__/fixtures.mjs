import { readFileSync } from 'node:fs';

const folder = new URL('./fixtures/', import.meta.url);
const read = (file) => readFileSync(new URL(file, folder));

/** Every stored response: `{file, endpoint, status, headers, exercises}`. */
export const FIXTURES = JSON.parse(read('index.json'));

/** The response of a fixture, byte for byte, for the mock API's `respondWith`. */
export function serveFixture(name) {
  const fixture = FIXTURES.find(({ file }) => file === name || file.replace(/\.\w+$/, '') === name);
  if (!fixture) {
    throw new Error(`there is no fixture ${name}`);
  }
  return { status: fixture.status, headers: fixture.headers, body: read(fixture.file) };
}
