// src/error/labels.rs: the labels of the forms, for error messages.

import { DATA_SOURCE } from './data-source.mjs';
import { OPERATIONS } from './operations.mjs';
import { advanced } from './shared-fields.mjs';

const OPERATION = { key: 'operation', label: 'Operation' };

const table = (pairs) => pairs.map(([key, label]) => `    ("${key}", "${label}"),\n`).join('');

export function labelsRs() {
  const queryFields = OPERATIONS.flatMap((each) => [...each.basic, ...(each.advanced ?? [])]);
  const fields = [...DATA_SOURCE, OPERATION, advanced, ...queryFields];
  const labels = [...new Map(fields.map(({ key, label }) => [key, label]))];
  const operations = OPERATIONS.map(({ value, name }) => [value, name]);
  return `//! What the forms call their fields. Written by \`npm run docs\` from forms/.

/// Key and label of each field.
const LABELS: [(&str, &str); ${labels.length}] = [
${table(labels)}];

/// Value and label of each operation, in the order of the form.
pub(crate) const OPERATIONS: [(&str, &str); ${operations.length}] = [
${table(operations)}];

/// The label of the field \`key\`; \`None\` for keys that no form shows.
pub(crate) fn label(key: &str) -> Option<&'static str> {
    LABELS.iter().find(|(known, _)| *known == key).map(|(_, label)| *label)
}
`;
}
