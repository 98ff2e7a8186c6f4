// npm run test:platforms: runs the tests of loading and processes with the packed plugin on every
// Node that ToolJet was released with, on an old C library, and on arm64.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LOADERS } from '../harness/loaders.mjs';
import { runCommand } from './options.mjs';
import { packedAddons, unpackAddon } from './pack.mjs';
import { output } from './portable/command.mjs';
import { fetchNode, needsDebian, nodeOnArm64, nodeOnOldLibc } from './portable/nodes.mjs';
import { compareVersions, GLIBC_FLOOR, requiredGlibc } from './portable/system-needs.mjs';
import { ROOT } from './setup.mjs';

const COMMAND = {
  command: 'npm run test:platforms',
  about:
    'Runs the tests of loading and processes on every Node that ToolJet was released with, on an old C library, and on arm64. Tests the existing build; npm run build:release makes one for all platforms.',
  files: '[NAME ...]',
  options: {
    plugin: {
      type: 'string',
      value: 'FILE',
      default: join(ROOT, 'dist', 'index.js'),
      read: (text) => resolve(text),
      help: 'test this build instead of dist/index.js',
    },
    all: {
      type: 'boolean',
      default: false,
      help: 'fail if a platform is not available here',
    },
  },
  notes: ['With names, only platforms whose name contains one: 22.15, libc, arm64.'],
};

const NODES = join(ROOT, 'target', 'nodes');
/** The tests take minutes when emulated. */
const LIMIT_MS = 20 * 60 * 1000;
const OLD_GLIBC = '2.31';

const PROCESS = ['entry.test.mjs', 'process.test.mjs'];
const EVERYTHING = ['loading.test.mjs', ...PROCESS];

const FACTS = `JSON.stringify({
  version: process.version,
  napi: process.versions.napi,
  glibc: process.report.getReport().header.glibcVersionRuntime,
})`;

function platforms(addons) {
  const platform = `${process.platform}-${process.arch}`;
  const without = (needed) =>
    !addons.has(needed) && `the build has no addon for ${needed}; npm run build:release adds it`;
  const tooNew = () => {
    const glibc = requiredGlibc(addons.get(platform));
    const isTooNew = compareVersions(glibc, OLD_GLIBC) > 0;
    return (
      isTooNew &&
      `the build needs glibc ${glibc}; npm run build:release makes one for ${GLIBC_FLOOR}`
    );
  };
  return [
    ...['14.21.3', '16.20.2', '18.20.8', '20.x', '22.15.1', '24.x'].map((version) => ({
      name: `Node ${version}`,
      missing: without(platform),
      prepare: () => fetchNode(version, NODES),
      tests: EVERYTHING,
    })),
    {
      name: `Node 22.15.1, libc of Debian 11`,
      missing: needsDebian || without(platform) || tooNew(),
      prepare: () => nodeOnOldLibc('22.15.1', NODES),
      tests: EVERYTHING,
    },
    {
      // Not 22.15.1, which npm does not have for arm64.
      name: 'Node 22.14.0, arm64, libc of Debian 11',
      missing: needsDebian || without('linux-arm64'),
      prepare: () => nodeOnArm64('22.14.0', NODES),
      // The emulator runs code from folders that are mounted noexec.
      tests: PROCESS,
    },
  ];
}

/** Returns whether all tests passed. */
function testPlatforms({ plugin, all, files: names }) {
  const addons = new Map(
    packedAddons(readFileSync(plugin, 'utf8')).map((addon) => [addon.platform, unpackAddon(addon)]),
  );
  const chosen = platforms(addons).filter(
    ({ name }) => names.length === 0 || names.some((part) => name.includes(part)),
  );
  if (chosen.length === 0) throw new Error(`there is no platform named ${names.join(' or ')}`);
  const results = chosen.map((platform) => testPlatform(platform, plugin));
  printTable(results);
  const missing = results.filter((result) => result.missing);
  for (const { name, missing: reason } of missing)
    console.log(`${name} was not tested: ${reason}.`);
  if (results.length > missing.length) printSupport();
  const failed = results.filter((result) => result.failures?.length > 0);
  return failed.length === 0 && !(all && missing.length > 0);
}

function testPlatform({ name, missing, prepare, tests }, plugin) {
  if (missing) return { name, missing };
  const node = prepare();
  const { version, napi, glibc } = JSON.parse(output(node, ['-p', FACTS]));
  process.stdout.write(`> ${name} (${version}) ... `);
  const started = Date.now();
  const { stdout, stderr, status, signal } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=tap', ...tests.map((test) => join(ROOT, '__tests__', test))],
    {
      env: { ...process.env, NODE_UNDER_TEST: node, PLUGIN: plugin },
      encoding: 'utf8',
      maxBuffer: 1e8,
      timeout: LIMIT_MS,
    },
  );
  const report = { ...readTap(stdout), version, napi, glibc };
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  if (report.passed === 0) report.failures.push('no test has run');
  else if (status !== 0 && report.failures.length === 0) {
    report.failures.push(`the tests ended with ${signal ?? `code ${status}`}`);
  }
  console.log(`${report.failures.length === 0 ? 'ok' : 'FAILED'} in ${seconds} s`);
  if (report.failures.length > 0) {
    const log = join(ROOT, 'target', 'platforms', `${name.replaceAll(/[^\w.]+/g, '-')}.tap`);
    mkdirSync(join(ROOT, 'target', 'platforms'), { recursive: true });
    writeFileSync(log, `${stdout}\n${stderr}`);
    for (const failure of report.failures) console.log(`  not ok: ${failure}`);
    console.log(`  ${log} contains the whole report`);
  }
  return { name, ...report };
}

/** Parses a report in the Test Anything Protocol. */
function readTap(tap) {
  const total = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  const points = Array.from(
    tap.matchAll(/^ *(not )?ok \d+ - (.*?)( # SKIP.*)?$/gm),
    ([, failed, title]) => ({ failed: failed !== undefined, title }),
  );
  const loaders = points.flatMap(({ failed, title }) => {
    const loader = /^ToolJet's loader (\w) runs the plugin/.exec(title)?.[1];
    return loader ? [[loader, failed ? 'FAILS' : 'runs']] : [];
  });
  return {
    failures: points.filter(({ failed }) => failed).map(({ title }) => title),
    loaders: new Map(loaders),
    passed: total('pass'),
    skipped: total('skipped'),
  };
}

function printTable(results) {
  const head = ['platform', 'Node', 'Node-API', 'glibc', ...LOADERS, 'passed', 'failed', 'skipped'];
  const rows = results.map(({ name, missing, version, napi, glibc, loaders, ...counts }) => [
    name,
    ...(missing
      ? head.slice(1).map(() => '-')
      : [
          version,
          napi,
          glibc ?? '-',
          ...LOADERS.map((loader) => loaders.get(loader) ?? '-'),
          String(counts.passed),
          String(counts.failures.length),
          String(counts.skipped),
        ]),
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column].length)),
  );
  console.log();
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
  }
  console.log();
}

function printSupport() {
  console.log(`The addon uses version 6 of Node-API, which Node has from 14.0 on, and does not depend on V8's
own interface, so one file serves every Node since. Loader A is that of the ToolJet releases on
Node 14 and 18, B was on a branch only, D was a transition, E is that of the releases on Node 22.`);
}

await runCommand(COMMAND, (options) => {
  process.exitCode = testPlatforms(options) ? 0 : 1;
});
