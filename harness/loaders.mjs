// The ways in which all releases of ToolJet's server turn a plugin's text into a class. They replace
// the server in tests, demo and benchmarks, and are not part of the product.

import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

const FILENAME = fileURLToPath(import.meta.url);
const harnessRequire = createRequire(import.meta.url);

/** The main module of ToolJet's server. Loader A adds to its children. */
export const SERVER_MODULE = new Module(join(dirname(FILENAME), 'main.js'));

/** The letters of the loaders below. ToolJet 3.20 uses E. */
export const LOADERS = ['A', 'B', 'D', 'E'];

/** The class that `text` exports as `default`. */
export function loadPlugin(text, { loader = 'E' } = {}) {
  const evaluate = { A: moduleFromString, B: requireFromString, D: fewKeys, E: manyKeys }[loader];
  if (!evaluate) throw new Error(`unknown loader ${loader}: it is one of ${LOADERS.join(', ')}`);
  const Plugin = evaluate(text).default;
  if (typeof Plugin !== 'function') throw new Error('the plugin exports no class as `default`');
  return Plugin;
}

// The globals that E passes in addition to the module's own. DOMException, MessageChannel, Worker and
// the like are not among them, nor are Object, Array, Date and RegExp, which the context has itself.
const SHARED_KEYS = [
  ...['process', 'console', 'Buffer'],
  ...[
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'clearImmediate',
  ],
  ...['TextEncoder', 'TextDecoder', 'atob', 'btoa', 'URL', 'URLSearchParams'],
  ...['fetch', 'Headers', 'Request', 'Response', 'FormData', 'crypto'],
  ...['ReadableStream', 'WritableStream', 'TransformStream', 'performance'],
  ...['Event', 'EventTarget', 'AbortController', 'AbortSignal', 'Blob', 'File', 'structuredClone'],
  ...['WebAssembly', 'Intl', 'Promise', 'Map', 'Set', 'WeakMap', 'WeakSet'],
  ...['ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Int8Array', 'Uint8Array'],
  ...['Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
  ...['Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'EvalError', 'URIError'],
  ...['JSON', 'Math', 'Reflect', 'Proxy', 'parseInt', 'parseFloat', 'isNaN', 'isFinite'],
  ...['encodeURI', 'encodeURIComponent', 'decodeURI', 'decodeURIComponent'],
];

/** E, the current one: a context per evaluation, with a long list of the server's globals. */
function manyKeys(text) {
  return evaluateInContext(text, { ...global, ...pick(SHARED_KEYS) });
}

/** D, transitional: the same with a dozen keys. */
function fewKeys(text) {
  const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'];
  return evaluateInContext(text, pick(['process', 'console', 'Buffer', ...timers]));
}

function evaluateInContext(text, globals) {
  const module = { exports: {} };
  const sandbox = {
    ...globals,
    module,
    exports: module.exports,
    require: harnessRequire,
    __dirname: process.cwd(),
    __filename: FILENAME,
    global,
  };
  vm.runInNewContext(text, vm.createContext(sandbox));
  return module.exports;
}

/** A, up to the move to Node 22: the npm package module-from-string with `useCurrentGlobal`. */
function moduleFromString(text) {
  const filename = join(dirname(FILENAME), `${Math.random().toString(36).slice(2)}.js`);
  const module = new Module(filename, SERVER_MODULE);
  module.filename = filename;
  module.require = createRequire(filename);
  const sandbox = {
    exports: module.exports,
    require: module.require,
    module,
    __filename: filename,
    __dirname: dirname(filename),
  };
  for (const key of Reflect.ownKeys(global)) {
    if (key === 'global' || key === 'globalThis') continue;
    Object.defineProperty(sandbox, key, Object.getOwnPropertyDescriptor(global, key));
  }
  sandbox.global = sandbox;
  vm.runInNewContext(text, sandbox, { filename });
  return module.exports;
}

/**
 * B, on a branch only: the npm package require-from-string, which compiles in the server's realm.
 */
function requireFromString(text) {
  const module = new Module('');
  module.paths = Module._nodeModulePaths(dirname(FILENAME));
  module._compile(text, '');
  return module.exports;
}

function pick(keys) {
  return Object.fromEntries(keys.filter((key) => key in global).map((key) => [key, global[key]]));
}
