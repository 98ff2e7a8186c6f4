// The rules of ToolJet's repository for a folder in marketplace/plugins (its script
// validate-plugin), as functions that return violations. Those for the two forms are in
// form-rules.mjs.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { manifestViolations, operationsViolations } from '../form-rules.mjs';

const REQUIRED = [
  ...['lib/index.ts', 'lib/types.ts', 'lib/icon.svg', 'package.json'],
  ...['lib/manifest.json', 'lib/operations.json'],
];

/** `registry` is ToolJet's plugins.json, `builtIn` the kinds of its built-in connectors. */
export function pluginProblems(folder, { registry, builtIn }) {
  const missing = REQUIRED.filter((path) => !existsSync(join(folder, path)));
  if (missing.length > 0) return missing.map((path) => `missing ${path}`);

  const read = (path) => readFileSync(join(folder, path), 'utf8');
  const manifest = JSON.parse(read('lib/manifest.json'));
  const operations = JSON.parse(read('lib/operations.json'));
  const { kind } = manifest.source;
  const entries = registry.filter(({ id }) => id === kind).length;
  const typescript = readdirSync(join(folder, 'lib'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(`lib/${name}`))
    .join('\n');
  const isHandled = (value) =>
    ['"', "'", '`'].some((quote) => typescript.includes(`${quote}${value}${quote}`));
  return [
    ...manifestViolations(manifest),
    ...operationsViolations(operations, { isExported: true }),
    ...placeholders(manifest),
    ...placeholders(operations),
    ...(basename(folder) === kind ? [] : [`the folder is not named ${kind}`]),
    ...(builtIn.includes(kind) ? [`${kind} is a built-in connector`] : []),
    ...(entries === 1 ? [] : [`${kind} is ${entries} times in the registry`]),
    ...operations.properties.operation.list
      .filter(({ value }) => !isHandled(value))
      .map(({ value }) => `operation ${value} is not in lib/*.ts`),
  ];
}

const placeholders = (form) =>
  (JSON.stringify(form).match(/\{\{[A-Z0-9_]+\}\}/g) ?? []).map((text) => `${text} is left over`);
