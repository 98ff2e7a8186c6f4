// ToolJet's browser evaluates templates as JavaScript that sees the state of the app.

import { readExpression, templatesIn } from '../templates.mjs';

/** The values of all templates in an option, by template, and the errors of those that fail. */
export function evaluateTemplates(option, state) {
  const values = {};
  const problems = {};
  for (const template of templatesIn(option)) {
    try {
      values[template] = evaluate(readExpression(template), state);
    } catch (error) {
      problems[template] = error.message;
    }
  }
  return { values, problems };
}

function evaluate(expression, state) {
  const compute = new Function(...Object.keys(state), `'use strict'; return (${expression}\n);`);
  const value = compute(...Object.values(state));
  // Values travel to the server as JSON.
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
