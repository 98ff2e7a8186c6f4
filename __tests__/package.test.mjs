// The npm package: its content, and that it works once installed.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { packageProblems } from '../scripts/package-problems.mjs';
import { BUILT, ROOT } from './marketplace/processes.mjs';
import { KEY, mockApi } from './plugin.mjs';
import { assertCompiles } from './tsc.mjs';

const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Runs npm without the settings of an outer npm, and offline. */
function npm(args, cwd) {
  const env = Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key));
  return execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], {
    cwd,
    env: Object.fromEntries(env),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('the package, installed from its tarball in an empty folder', () => {
  let folder;
  let packed;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    // The check is tested separately below; the last build may have had another id.
    const args = ['pack', ROOT, '--ignore-scripts', '--json', '--pack-destination', folder];
    [packed] = JSON.parse(npm(args, folder));
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    npm(['install', join(folder, packed.filename)], folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  test('contains the plugin, its types, license and README, and nothing else', () => {
    assert.equal(packed.filename, `${name}-${version}.tgz`);
    assert.deepEqual(packed.files.map(({ path }) => path).toSorted(), [
      ...['LICENSE', 'README.md', 'dist/index.js', 'dist/operations.d.ts', 'index.d.ts'],
      ...['lib/icon.svg', 'lib/manifest.json', 'lib/operations.json', 'package.json'],
    ]);
  });

  const QUERY = `
    const source = ${JSON.stringify({ apiKey: KEY, base_url: mockApi.baseUrl })};
    const query = { operation: 'chat', prompt: 'What is the capital of France?' };
    new OpenAI().run(source, query).then(({ data }) => console.log(data));`;

  for (const [file, load] of [
    ['query.cjs', "const { default: OpenAI } = require('tooljet-openai');"],
    ['query.mjs', "import plugin from 'tooljet-openai'; const { default: OpenAI } = plugin;"],
  ]) {
    test(`answers a query when ${file} loads it`, async () => {
      writeFileSync(join(folder, file), load + QUERY);
      const ran = await promisify(execFile)(process.execPath, [join(folder, file)]);
      assert.deepEqual({ ...ran }, { stdout: 'The capital of France is Paris.\n', stderr: '' });
    });
  }

  test('has types that TypeScript finds', () => {
    writeFileSync(
      join(folder, 'query.ts'),
      `import OpenAI, { QueryError } from 'tooljet-openai';
       export const labels = async (): Promise<string[]> =>
         (await new OpenAI().run({ apiKey: '' }, { operation: 'list_models' })).data.map((each) => each.label);
       export const code = (error: QueryError): string | undefined => error.data?.code;`,
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
    assertCompiles([...options, 'query.ts'], { cwd: folder });
  });
});

describe('npm pack', () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pack-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const { what, change, problem } of [
    { what: 'accepts a build of this version', change: () => {} },
    {
      what: 'rejects a folder that was not built',
      change: (place) => rmSync(join(place, 'dist'), { recursive: true }),
      problem: /dist\/index\.js does not exist: run npm run build first/,
    },
    {
      what: 'rejects a build without its types',
      change: (place) => rmSync(join(place, 'dist/operations.d.ts')),
      problem: /dist\/operations\.d\.ts does not exist: run npm run build first/,
    },
    {
      what: 'rejects the build of another version',
      change: (place) => writeFileSync(join(place, 'package.json'), '{"version": "99.0.0"}'),
      problem: /is not of version 99\.0\.0/,
    },
    {
      what: 'rejects a build without its addon',
      change: (place) => {
        const entry = readFileSync(join(place, 'dist/index.js'), 'utf8');
        const slim = entry.replaceAll(/, packed\(\) \{\/\*[^*]*\*\/\}/g, '');
        writeFileSync(join(place, 'dist/index.js'), slim);
      },
      problem: /has no addon inside/,
    },
    {
      what: 'rejects a build with another id',
      change: (place) => {
        const manifest = JSON.parse(readFileSync(join(place, 'lib/manifest.json'), 'utf8'));
        manifest.source.kind = 'openai_native';
        writeFileSync(join(place, 'lib/manifest.json'), JSON.stringify(manifest));
      },
      problem: /with the id openai_native/,
    },
  ]) {
    test(`npm pack ${what}`, () => {
      const place = join(folder, what.replaceAll(' ', '-'));
      mkdirSync(place);
      for (const each of ['dist', 'lib']) {
        cpSync(join(BUILT, each), join(place, each), { recursive: true });
      }
      cpSync(join(ROOT, 'package.json'), join(place, 'package.json'));
      change(place);
      const problems = packageProblems(place);
      assert.equal(problems.length, problem ? 1 : 0, problems.join('\n'));
      if (problem) assert.match(problems[0], problem);
    });
  }
});
