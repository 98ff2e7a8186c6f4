// npm run test:export: builds the exported folder with the ncc and TypeScript versions of ToolJet's
// repository, and runs the result in every loader.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createHarness } from '../harness/harness.mjs';
import { LOADERS } from '../harness/loaders.mjs';
import { startMockApi } from '../mock-api/server.mjs';
import { readPlugin } from './built-plugin.mjs';
import { runCommand } from './options.mjs';
import { ROOT, runOrExit } from './setup.mjs';

const marketplace = join(ROOT, 'target/tooljet-marketplace');

/** The files of the repository that an exported plugin depends on: its settings. */
const SURROUNDINGS = {
  'package.json': JSON.stringify({ name: 'tooljet-marketplace', private: true, type: 'module' }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      ...{ declaration: true, composite: true, strict: false, skipLibCheck: true },
      ...{ module: 'commonjs', moduleResolution: 'node', target: 'es2015' },
      ...{ esModuleInterop: true, resolveJsonModule: true },
    },
  }),
};

/** Packs the plugin as it is published, and returns the file's name. */
function packPlugin() {
  // npm keeps an installed package of the same version.
  rmSync(join(marketplace, 'node_modules/tooljet-openai'), { recursive: true, force: true });
  runOrExit('npm', ['pack', '--ignore-scripts', '--pack-destination', marketplace]);
  const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return `${name}-${version}.tgz`;
}

const COMMAND = {
  command: 'npm run test:export',
  about:
    "Builds the exported folder with the ncc and TypeScript versions of ToolJet's repository, and runs the result in every loader.",
};

await runCommand(COMMAND, async () => {
  runOrExit(process.execPath, ['scripts/build.mjs']);
  const plugin = join(marketplace, 'plugins', readPlugin(ROOT).id);
  for (const [path, text] of Object.entries(SURROUNDINGS)) {
    mkdirSync(dirname(join(marketplace, path)), { recursive: true });
    writeFileSync(join(marketplace, path), text);
  }
  runOrExit(
    'npm',
    [
      ...['install', '--no-audit', '--no-fund', '--no-package-lock', `./${packPlugin()}`],
      ...['@vercel/ncc@0.38', 'typescript@4.7.4', '@types/node@18'],
    ],
    { cwd: marketplace },
  );
  runOrExit(process.execPath, ['scripts/export.mjs', plugin]);
  runOrExit(join(marketplace, 'node_modules/.bin/ncc'), ['build', 'lib/index.ts', '-o', 'dist'], {
    cwd: plugin,
  });

  const { dependencies } = JSON.parse(readFileSync(join(plugin, 'package.json'), 'utf8'));
  const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.equal(dependencies[name], version, 'the folder depends on the package that was installed');

  const text = readFileSync(join(plugin, 'dist/index.js'), 'utf8');
  const mockApi = await startMockApi();
  try {
    const source = { apiKey: 'sk-mock-api-test', base_url: mockApi.baseUrl };
    const query = { operation: 'chat', prompt: 'What is the capital of France?' };
    for (const loader of LOADERS) {
      const harness = createHarness({ text, loader });
      assert.deepEqual(await harness.testConnection(source), { status: 'ok' });
      assert.equal((await harness.run(source, query)).data, 'The capital of France is Paris.');
      const refused = await harness.run({ ...source, apiKey: 'sk-wrong' }, query);
      assert.equal(refused.message, 'Query could not be completed');
      assert.equal(refused.data.code, 'invalid_api_key');
      console.log(`loader ${loader}: ok`);
    }
  } finally {
    await mockApi.close();
  }
});
