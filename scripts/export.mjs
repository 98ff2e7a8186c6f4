// npm run export:tooljet: writes the built plugin as a folder of ToolJet's own repository,
// marketplace/plugins/openai, which ToolJet builds with ncc.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { jsonText } from '../forms/json-text.mjs';
import { operationsForm } from '../forms/operations-json.mjs';
import { FOLDER, readFile, readPlugin } from './built-plugin.mjs';
import { Mistake, runCommand } from './options.mjs';
import { ROOT } from './setup.mjs';

const COMMAND = {
  command: 'npm run export:tooljet',
  about:
    "Writes the built plugin as a folder of ToolJet's own repository, such as ToolJet/marketplace/plugins/openai; it has the name of the plugin's id.",
  files: 'DIR',
  options: {
    folder: FOLDER,
    'typed-models': {
      type: 'boolean',
      default: false,
      help: 'keep Model a text field, for a ToolJet whose WhitelistPluginGuard does not list the plugin',
    },
  },
};

/** The files that are the same in every export are in export/. */
const FIXED = ['lib/index.ts', 'tsconfig.json', 'README.md', '__tests__/index.js'];

/** This plugin as a package, on which the folder depends. */
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

function typesText(operations) {
  const values = operations.properties.operation.list.map(({ value }) => `'${value}'`);
  return `export type { ModelListMethod, QueryOptions, SourceOptions } from '${PACKAGE.name}';

/** The operations of operations.json. */
export type Operation = ${values.join(' | ')};
`;
}

/** Like the other plugins in ToolJet's repository, whose root runs the tests. */
function packageText(id) {
  const manifest = {
    name: `@tooljet-marketplace/${id}`,
    version: PACKAGE.version,
    main: 'dist/index.js',
    types: 'dist/index.d.ts',
    directories: { lib: 'lib', test: '__tests__' },
    files: ['lib'],
    scripts: {
      test: 'echo "Error: run tests from root" && exit 1',
      build: 'ncc build lib/index.ts -o dist',
      watch: 'ncc build lib/index.ts -o dist --watch',
    },
    homepage: 'https://github.com/tooljet/tooljet#readme',
    // An exact version, because this is the plugin; the rest only connects ToolJet to it.
    dependencies: { [PACKAGE.name]: PACKAGE.version },
    devDependencies: { '@vercel/ncc': '^0.38.0', typescript: '^4.7.4' },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The files of the exported folder, by path. */
function listFiles({ folder, id, listsModels }) {
  const form = operationsForm({ listsModels });
  return {
    ...Object.fromEntries(
      FIXED.map((path) => [path, readFileSync(join(ROOT, 'scripts/export', path))]),
    ),
    'lib/types.ts': typesText(form),
    'lib/operations.json': jsonText(form),
    'lib/manifest.json': readFile(folder, 'lib/manifest.json'),
    'lib/icon.svg': readFile(folder, 'lib/icon.svg'),
    'package.json': packageText(id),
  };
}

function assertIsPlaceFor(id, target) {
  if (basename(target) !== id) {
    throw new Error(`the folder must be named like the plugin: ${join(target, id)}`);
  }
  if (!existsSync(target) || readdirSync(target).length === 0) return;
  const manifest = join(target, 'lib/manifest.json');
  const { source, 'tj:source': newerSource } = existsSync(manifest)
    ? JSON.parse(readFileSync(manifest, 'utf8'))
    : {};
  if ((source ?? newerSource)?.kind !== id) {
    throw new Error(`${target} contains something other than the plugin ${id}`);
  }
}

/** Source files of an earlier plugin that are no longer used. */
function leftovers(target, files) {
  return ['lib', '__tests__']
    .filter((folder) => existsSync(join(target, folder)))
    .flatMap((folder) =>
      readdirSync(join(target, folder), { recursive: true })
        .map((name) => `${folder}/${name}`)
        .filter((path) => statSync(join(target, path)).isFile()),
    )
    .filter((path) => !(path in files));
}

function exportTo(target, { folder, listsModels }) {
  const { id } = readPlugin(folder);
  assertIsPlaceFor(id, target);
  const files = listFiles({ folder, id, listsModels });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), content);
    print(`${join(target, path)}`);
  }
  for (const path of leftovers(target, files)) print(`no longer used, remove it: ${path}`);
  print(`
Next, in ToolJet's marketplace folder:
  npm install && npm run build --workspace plugins/${id}
  npm run validate:plugin -- ${id}
and raise the version of ${id} in server/src/assets/marketplace/plugins.json.`);
  if (listsModels) {
    print(`
The Model fields ask the server for their lists, which it allows only for the kinds that
server/src/modules/data-sources/guards/whitelist-plugin.guard.ts names: add '${id}' to them.`);
  }
}

const print = (line) => process.stdout.write(`${line}\n`);

await runCommand(COMMAND, ({ files, folder, 'typed-models': typedModels }) => {
  if (files.length !== 1)
    throw new Mistake('name one folder to write: npm run export:tooljet -- DIR');
  exportTo(resolve(files[0]), { folder, listsModels: !typedModels });
});
