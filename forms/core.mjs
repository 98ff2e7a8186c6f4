// Facts that the Rust core defines and the forms repeat: default models, timeouts, limits.

import { readdirSync, readFileSync } from 'node:fs';

const source = new URL('../src/', import.meta.url);
const code = readdirSync(source, { recursive: true })
  .filter((file) => file.endsWith('.rs'))
  .map((file) => readFileSync(new URL(file, source), 'utf8'))
  .join('\n');

/** The value of a public constant; a string without its quotation marks. */
export function constant(name) {
  const [, value] = new RegExp(`pub const ${name}: [^=]+= "?([^";]+)"?;`).exec(code) ?? [];
  if (value === undefined) throw new Error(`src/ has no public constant ${name} with a literal`);
  return value;
}

export const DEFAULT_CHAT_MODEL = constant('DEFAULT_CHAT_MODEL');
export const DEFAULT_COMPLETION_MODEL = constant('DEFAULT_COMPLETION_MODEL');
export const DEFAULT_EMBEDDING_MODEL = constant('DEFAULT_EMBEDDING_MODEL');
export const DEFAULT_IMAGE_MODEL = constant('DEFAULT_IMAGE_MODEL');
export const DEFAULT_MAX_TOKENS = constant('DEFAULT_MAX_TOKENS');
export const DEFAULT_BASE_URL = constant('DEFAULT');
export const DEFAULT_MAX_RETRIES = constant('DEFAULT_MAX_RETRIES');
export const DEFAULT_TIMEOUT_SECONDS = constant('DEFAULT_TIMEOUT_SECONDS');
