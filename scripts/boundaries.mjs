// Checks which crates and modules each file of src/ names: dependencies point down, and the core
// stays pure.

import { readdirSync } from 'node:fs';

/** Only these files may name these crates. */
const CRATES = [
  { files: /^network\/client\//, crates: ['reqwest', 'tokio'] },
  { files: /^binding\.rs$/, crates: ['napi', 'napi_derive'] },
];

/** The wings of src/ from the bottom up, each with the wings that it may name. */
export const WINGS = {
  error: [],
  input: ['error'],
  network: ['error', 'input'],
  policy: ['error', 'input'],
  response: ['error', 'input', 'network', 'policy'],
  operations: ['error', 'input', 'network', 'policy', 'response'],
};
/** The top-level modules, which belong to no wing. Every wing may name the budgets. */
const TOP = readdirSync(new URL('../src/', import.meta.url))
  .filter((file) => file.endsWith('.rs') && !['lib.rs', 'budgets.rs'].includes(file))
  .map((file) => file.replace('.rs', ''));

/** Strips comments and tests from a file. */
const stripTests = (text) => text.split(/^#\[cfg\(test\)\]$/m)[0].replace(/^\s*\/\/.*$/gm, '');

/** The modules directly below the crate that a file uses. */
function usedModules(code) {
  const grouped = [...code.matchAll(/\buse crate::\{(.*?)\n?\};/gs)].flatMap(([, list]) =>
    topNames(list),
  );
  const named = [...code.matchAll(/\bcrate::(\w+)/g)].map(([, name]) => name);
  return [...new Set([...grouped, ...named])];
}

/** `a::b, c::{d, e}` -> `a`, `c` */
function topNames(list) {
  let flat = list;
  while (flat.includes('{')) flat = flat.replace(/\{[^{}]*\}/g, '');
  return flat
    .split(',')
    .map((path) => path.trim().split('::')[0])
    .filter(Boolean);
}

/** Finds the names in a file that break the rules; `file` is its path below src/. */
export function boundaryViolations(file, text) {
  const code = stripTests(text);
  const crates = CRATES.filter(({ files }) => !files.test(file))
    .flatMap((boundary) => boundary.crates)
    .filter((crate) => new RegExp(`\\b${crate}\\b`).test(code));
  const wing = file.includes('/') ? file.split('/')[0] : undefined;
  const modules = wing ? usedModules(code).filter((name) => isAbove(name, wing)) : [];
  return [...crates, ...modules].map((name) => `src/${file} names ${name}`);
}

const isAbove = (name, wing) =>
  TOP.includes(name) || (name in WINGS && name !== wing && !WINGS[wing]?.includes(name));
