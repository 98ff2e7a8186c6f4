// npm run docs: writes the generated files. The forms, and the operations in docs/openai.md, come from
// forms/, the table of the README from the last benchmark, and those of SECURITY.md from src/budgets.rs
// and the last full run of the attacks.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { jsonText } from '../forms/json-text.mjs';
import { manifest } from '../forms/manifest-json.mjs';
import { operationsForm } from '../forms/operations-json.mjs';
import { pageParts } from '../forms/operations-page.mjs';
import { ATTACKS } from './attack/attacks.mjs';
import { attackTable } from './attack/table.mjs';
import { budgetsTable } from './budgets.mjs';
import { runCommand } from './options.mjs';
import { ROOT } from './root.mjs';

const COMMAND = {
  command: 'npm run docs',
  about: 'Writes the forms and pages that are generated from forms/, src/ and measurements.',
  options: {
    check: {
      type: 'boolean',
      default: false,
      help: 'write nothing, and fail if one of them is out of date',
    },
  },
};
const ATTACK_RESULTS = 'scripts/attack/results.json';

const read = (name) => readFileSync(`${ROOT}/${name}`, 'utf8');

/** Replaces the part of `text` between two markers, each of which must occur once, by `content`. */
function between(text, start, end, content) {
  const [before, rest, ...more] = text.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined || more.length > 0)
    throw new Error(`there is no single “${start.trim()}”`);
  return before + start + content + end + after;
}

const OUTPUTS = {
  'operations.json': () => jsonText(operationsForm()),
  'manifest.json': () => jsonText(manifest()),
  'docs/openai.md': (current) =>
    Object.entries(pageParts()).reduce(
      (page, [what, content]) =>
        between(
          page,
          `<!-- ${what}: written by \`npm run docs\` from forms/ -->\n`,
          `<!-- end of ${what} -->`,
          `\n${content}\n\n`,
        ),
      current,
    ),
  'README.md': (current) =>
    between(
      current,
      '<!-- benchmark: written by `npm run docs` from bench/results/latest.md -->\n',
      '<!-- end of benchmark -->',
      read('bench/results/latest.md'),
    ),
  'SECURITY.md': (current) => {
    const rows = existsSync(`${ROOT}/${ATTACK_RESULTS}`)
      ? JSON.parse(read(ATTACK_RESULTS)).rows
      : [];
    const measured = between(
      current,
      `<!-- attacks: written by \`npm run docs\` from ${ATTACK_RESULTS} -->\n`,
      '<!-- end of attacks -->',
      `\n${attackTable(ATTACKS, rows)}\n\n`,
    );
    return between(
      measured,
      '<!-- limits: written by `npm run docs` from src/budgets.rs -->\n',
      '<!-- end of limits -->',
      `\n${budgetsTable(read('src/budgets.rs'))}\n\n`,
    );
  },
};

await runCommand(COMMAND, ({ check }) => {
  for (const [name, write] of Object.entries(OUTPUTS)) {
    const current = read(name);
    const written = write(current);
    if (written === current) continue;
    if (check) {
      console.error(`${name} is out of date. Run: npm run docs`);
      process.exitCode = 1;
    } else {
      writeFileSync(`${ROOT}/${name}`, written);
      console.log(`wrote ${name}`);
    }
  }
});
