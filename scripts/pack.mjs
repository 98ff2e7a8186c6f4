// Writes the marketplace folder: dist/index.js (the entry with the addons inside it), the types of its
// operations, and lib/ (forms and icon). The same input gives the same bytes.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { operationTypes } from '../forms/operation-types.mjs';
import { loadPlugin } from '../harness/loaders.mjs';

const { fileName } = createRequire(import.meta.url)('../src/entry/file.js');

const ID = /^[a-z][a-z0-9_-]*$/;
const PLATFORMS = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'];

/**
 * The limit for an addon's share of dist/index.js, which ToolJet keeps in its database and in
 * memory.
 */
const MAX_PACKED_BYTES = 2_400_000;

/**
 * Packs `addons` ([{platform, file}]) with the sources under `root` into `out`. `fast` trades size
 * for speed (test builds). `id` and `name` replace those of the manifest, to install the plugin
 * next to ToolJet's own. Without `id`, the build keeps those of the last build in `out`; `kept`
 * contains what differs from the manifest. `external` writes the addons next to the entry, as files.
 */
export function pack({ root, out = root, addons, id, name, fast = false, external = false }) {
  const cache = join(root, 'target', 'pack');
  const packed = addons.map(({ platform, file }) => {
    const bytes = readFileSync(file);
    if (external) return { platform, sha256: sha256Of(bytes), bytes };
    const addon = packAddon(platform, bytes, { cache, fast });
    if (!fast && addon.base64.length > MAX_PACKED_BYTES) {
      throw new Error(
        `the addon for ${platform} takes ${addon.base64.length} bytes of dist/index.js, more than ${MAX_PACKED_BYTES}`,
      );
    }
    return addon;
  });
  const { version } = JSON.parse(readText(join(root, 'package.json')));
  const entry = entryText({ file: join(root, 'src', 'index.js'), version, addons: packed });
  assertIsPlugin(entry);

  const manifest = join(root, 'manifest.json');
  const kept = id === undefined ? lastIdentity({ manifest, out, name }) : {};
  const files = {
    'dist/index.js': entry,
    'dist/operations.d.ts': operationTypes(),
    'lib/manifest.json': manifestText(manifest, { id, name, ...kept }),
    'lib/operations.json': jsonText(join(root, 'operations.json')),
    'lib/icon.svg': readText(join(root, 'icon.svg')),
    ...Object.fromEntries(
      packed
        .filter(({ bytes }) => bytes)
        .map(({ sha256, bytes }) => [`dist/${fileName(sha256)}`, bytes]),
    ),
  };
  removeAddons(join(out, 'dist'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeAtOnce(join(out, path), text);
  }
  return { out: resolve(out), entry, addons: packed, kept };
}

/** Removes the files of an earlier `external` build, which no entry loads anymore. */
function removeAddons(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.node')) rmSync(join(folder, name));
  }
}

/** One addon as the entry contains it: brotli as base64, and the SHA-256 that identifies it. */
export function packAddon(platform, bytes, { cache, fast = false }) {
  if (!PLATFORMS.includes(platform)) {
    throw new Error(`unknown platform ${platform}: it is one of ${PLATFORMS.join(', ')}`);
  }
  const sha256 = sha256Of(bytes);
  const quality = fast ? 5 : constants.BROTLI_MAX_QUALITY;
  const compressed = cached(join(cache, `${sha256}.q${quality}.br`), () =>
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: quality,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  );
  return { platform, sha256, base64: compressed.toString('base64') };
}

/** The text of dist/index.js: the entry, the modules it requires, and the packed addons. */
export function entryText({ file, version, addons }) {
  const modules = new Map();
  const index = inlineRequires(file, modules);
  const code = sha256Of([index, ...modules.values()].join('\n'));
  const properties = addons
    .slice()
    .sort((a, b) => (a.platform < b.platform ? -1 : 1))
    .map(({ platform, sha256, base64 }) => {
      const inside = base64 === undefined ? '' : `, packed() {/*${base64}*/}`;
      return `  '${platform}': { sha256: '${sha256}'${inside} },\n`;
    });
  return [
    `// tooljet-openai ${version}, MIT license. Built from src/index.js by scripts/pack.mjs.\n`,
    // In a function, because each global declaration costs microseconds in a new vm context.
    '(function () {',
    filledIn(index, { ADDONS: ['{}', `{\n${properties.join('')}}`], CODE: ["''", `'${code}'`] }),
    ...modules.values(),
    '})();\n',
  ].join('\n');
}

/** `text` with new values for these constants, each given as old and new. */
function filledIn(text, constants) {
  return Object.entries(constants).reduce((filled, [name, [before, after]]) => {
    const parts = filled.split(`const ${name} = ${before};`);
    if (parts.length !== 2) {
      throw new Error(`the entry must contain \`const ${name} = ${before};\` once`);
    }
    return parts.join(`const ${name} = ${after};`);
  }, text);
}

/** Finds the addons in the text of dist/index.js, as packAddon returned them. */
export function packedAddons(text) {
  const property =
    /^ {2}'([a-z0-9-]+)': { sha256: '([0-9a-f]{64})', packed\(\) {\/\*([^*]*)\*\/} },$/gm;
  return Array.from(text.matchAll(property), ([, platform, sha256, base64]) => ({
    platform,
    sha256,
    base64,
  }));
}

/** Unpacks an addon that packAddon packed. */
export function unpackAddon({ base64 }) {
  return brotliDecompressSync(Buffer.from(base64, 'base64'));
}

/** Replaces each `require('./…')` by a call of a function that contains that module. */
function inlineRequires(file, modules) {
  return readText(file).replace(/require\('(\.[^']+)'\)/g, (_, path) => {
    const required = `${resolve(dirname(file), path)}.js`;
    const name = `module_${basename(path)}`;
    if (!modules.has(required)) {
      modules.set(required, '');
      const source = inlineRequires(required, modules).replace(/^'use strict';\n+/, '');
      modules.set(
        required,
        `function ${name}() {\nconst module = { exports: {} };\n${source}return module.exports;\n}\n`,
      );
    }
    return `${name}()`;
  });
}

function assertIsPlugin(entry) {
  const { prototype } = loadPlugin(entry);
  for (const method of ['run', 'testConnection']) {
    if (typeof prototype[method] !== 'function') {
      throw new Error(`the packed entry exports a class without ${method}()`);
    }
  }
}

/** The id and the name of the last build in `out`, if they differ from the manifest. */
function lastIdentity({ manifest, out, name }) {
  const last = readSource(join(out, 'lib', 'manifest.json'));
  if (!ID.test(last.kind) || typeof last.name !== 'string') return {};
  const source = readSource(manifest);
  return {
    ...(last.kind !== source.kind && { id: last.kind }),
    ...(name === undefined && last.name !== source.name && { name: last.name }),
  };
}

/** `source` of a manifest; empty if the file is missing or is not a manifest. */
function readSource(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).source ?? {};
  } catch {
    return {};
  }
}

function manifestText(file, { id, name }) {
  if (id !== undefined && !ID.test(id)) {
    throw new Error(`--id ${id}: use lower-case letters, digits, _ and -, starting with a letter`);
  }
  const text = jsonText(file);
  const manifest = JSON.parse(text);
  const { source } = manifest;
  const identity = { kind: id ?? source.kind, name: name ?? source.name };
  if (identity.kind === source.kind && identity.name === source.name) return text;
  Object.assign(source, identity);
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function jsonText(file) {
  const text = readText(file);
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: ${error.message}`);
  }
  return text;
}

/** ToolJet reads all four files as UTF-8, and silently alters any other bytes. */
function readText(file) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    if (error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new Error(`${file} is not UTF-8`);
    throw error;
  }
}

function sha256Of(content) {
  return createHash('sha256').update(content).digest('hex');
}

function cached(file, make) {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const bytes = make();
  mkdirSync(dirname(file), { recursive: true });
  writeAtOnce(file, bytes);
  return bytes;
}

function writeAtOnce(file, content) {
  writeFileSync(`${file}.${process.pid}.tmp`, content);
  renameSync(`${file}.${process.pid}.tmp`, file);
}
