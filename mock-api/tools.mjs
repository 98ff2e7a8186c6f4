// Function tools: what both endpoints accept, and when the mock API calls one.

import { badRequest } from './api-failure.mjs';
import { boolean, exactly, object, oneOf, orNull, string } from './parameters.mjs';
import { valueFor } from './schema-values.mjs';
import { digest } from './tokens.mjs';

function toolName(name, value) {
  string(64)(name, value);
  if (!/^[a-zA-Z0-9_-]+$/.test(value)) {
    throw badRequest(
      `Invalid '${name}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      name,
      'invalid_value',
    );
  }
}

/** The members of a function and of a custom tool on each endpoint. */
export const FUNCTION = {
  name: toolName,
  description: string(),
  parameters: object,
  strict: orNull(boolean),
};
export const CUSTOM = { name: toolName, description: string(), format: object };

const CHAT_TOOLS = {
  function: exactly({ type: string(), function: exactly(FUNCTION, ['name']) }, ['function']),
  custom: exactly({ type: string(), custom: exactly(CUSTOM, ['name']) }, ['custom']),
};

/** A tool in the shape of Chat Completions. */
export function chatTool(name, tool) {
  object(name, tool);
  oneOf('function', 'custom')(`${name}.type`, tool.type);
  CHAT_TOOLS[tool.type](name, tool);
}

const NAMED = exactly({ name: string() }, ['name']);
const CHAT_CHOICES = {
  function: exactly({ type: string(), function: NAMED }, ['function']),
  custom: exactly({ type: string(), custom: NAMED }, ['custom']),
  allowed_tools: exactly({ type: string(), allowed_tools: object }, ['allowed_tools']),
};
export const choiceWord = oneOf('none', 'auto', 'required');

/** The member tool_choice in the shape of Chat Completions. */
export function chatToolChoice(name, choice) {
  if (typeof choice === 'string') {
    choiceWord(name, choice);
    return;
  }
  object(name, choice);
  oneOf(...Object.keys(CHAT_CHOICES))(`${name}.type`, choice.type);
  CHAT_CHOICES[choice.type](name, choice);
}

/** The functions that a request to Chat Completions offers, and its choice: a word or a name. */
export const chatFunctions = ({ tools = [], tool_choice: choice = 'auto' }) => ({
  functions: tools.filter(({ type }) => type === 'function').map((tool) => tool.function),
  choice: choice.function?.name ?? (typeof choice === 'string' ? choice : 'auto'),
});

/** Words in a function's name that say nothing about its subject. */
const VERBS = ['call', 'create', 'fetch', 'find', 'list', 'look', 'make', 'read', 'send', 'show'];

const subjects = (name) =>
  name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length > 3 && !VERBS.includes(word));

const suggests = (prompt, { name }) =>
  subjects(name).some((word) => prompt.toLowerCase().includes(word));

function chosen({ functions, choice }, prompt, hasResults) {
  const named = functions.filter(({ name }) => name === choice);
  if (choice === 'none' || named.length > 0) return named;
  const suggested = functions.filter((each) => suggests(prompt, each));
  if (choice === 'required') return suggested.length > 0 ? suggested : functions.slice(0, 1);
  // A model that has the results uses them to answer.
  return hasResults ? [] : suggested;
}

/**
 * The calls that answer a prompt: of the function that the request chooses, or of those whose name
 * contains a word of the prompt.
 */
export function callsFor(offer, { prompt, hasResults, parallel = true }) {
  const calls = chosen(offer, prompt, hasResults).map(({ name, parameters }, index) => {
    const values = valueFor(parameters ?? { type: 'object' }, { prompt });
    const call = { name, arguments: JSON.stringify(values) };
    return { id: `call_${digest([index, call])}`, ...call };
  });
  return parallel ? calls : calls.slice(0, 1);
}
