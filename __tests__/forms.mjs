// The two forms as ToolJet gets them, and the fields in them.

import { readFileSync } from 'node:fs';
import { DATA_SOURCE } from '../forms/data-source.mjs';
import { OPERATIONS } from '../forms/operations.mjs';

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));

export const manifest = read('manifest.json');
export const operations = read('operations.json');

export const SOURCE_FIELDS = DATA_SOURCE;

/** The fields of an operation in the order of its form, each with `advanced`. */
export function listFields(operation) {
  const { basic, advanced = [] } = OPERATIONS.find(({ value }) => value === operation);
  return [
    ...basic.map((field) => ({ ...field, advanced: false })),
    ...advanced.map((field) => ({ ...field, advanced: true })),
  ];
}

export const hasAdvanced = (operation) =>
  OPERATIONS.find(({ value }) => value === operation).advanced !== undefined;

export { OPERATIONS };
