import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fieldsPage, readForm } from '../scripts/docs.mjs';

const manifest = await readForm('manifest.json');
const operations = await readForm('operations.json');
const page = await readFile(new URL('../docs/fields.md', import.meta.url), 'utf8');

test('docs/fields.md says what the forms say', () => {
  assert.equal(page, fieldsPage(manifest, operations), 'run: npm run docs');
});

test('a changed form changes the page', () => {
  const changed = structuredClone(operations);
  changed.properties.chat.temperature.placeholder = 'Number from 0 to 1. Default: 1';
  assert.notEqual(fieldsPage(manifest, changed), page);
});

test('the page names the range and the default of a field', () => {
  const row = page.split('\n').find((line) => line.startsWith('| `max_retries` '));
  assert.match(row, /\| Whole number from 0 to 10 \| 2 \|/);
});

test('the page has a section for every operation', () => {
  const titles = page.split('\n').filter((line) => line.startsWith('## '));
  assert.deepEqual(titles, [
    '## Data source',
    ...operations.properties.operation.list.map(({ name }) => `## ${name}`),
  ]);
});
