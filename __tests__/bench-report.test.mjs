// The table in the README matches the results of the benchmark.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { markdown } from '../bench/report/markdown.mjs';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const results = JSON.parse(read('bench/results/latest.json'));
const lists = JSON.parse(read('bench/results/lists.json'));

test('writes bench/results/latest.md from the results next to it', () => {
  assert.equal(read('bench/results/latest.md'), markdown(results, lists));
});

test('writes absolute values, and only the cores of the machine', () => {
  const text = markdown(results, lists);
  assert.doesNotMatch(text, /\dx\b|times better/);
  assert.match(text, /^on \d+ cores with Node \d+/m);
  for (const part of results.machine.name.split(', ')) {
    if (!part.endsWith('cores')) assert.ok(!text.includes(part), part);
  }
});
