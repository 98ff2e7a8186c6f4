// Finds or writes the addon's file, and loads it into the process.

const fs = require('fs');
const path = require('path');
const { Buffer } = require('buffer');
const { candidateFolders, locate, makeFolder, assertPrivate } = require('./folders');
const { fileName, sha256Of, isIntact, write, remove, markUsed, removeUnused } = require('./file');

const NOEXEC = 'failed to map segment';
const ADVICE =
  'Set TOOLJET_OPENAI_ADDON_DIR to a folder that belongs to the user of the ToolJet server, that no other user can write to and that is not mounted noexec; then restart the server.';

function load(addon) {
  const refusals = new Map();
  const firstOf = (places, loadFrom) => {
    for (const place of places.filter((candidate) => !refusals.has(candidate))) {
      try {
        const binding = loadFrom(place);
        if (binding) return binding;
      } catch (error) {
        if (error.isSameEverywhere) throw error;
        refusals.set(place, error.message);
      }
    }
    return null;
  };

  const places = candidateFolders();
  // An existing file comes first, wherever it is: loading the same file from two paths would put
  // two copies of the addon into a process with workers.
  const present = firstOf(places, (place) => loadPresent(place, addon));
  if (present) return present;
  if (!addon.packed) throw new Error(explanation(refusals, externalAdvice(addon)));

  const bytes = unpack(addon);
  const written = firstOf(places, (place) => loadWritten(place, addon.sha256, bytes));
  if (written) return written;

  const parents = process.platform === 'linux' ? places.map(({ parent }) => ({ parent })) : [];
  const unnamed = firstOf(parents, (place) => loadUnnamed(place, bytes));
  if (unnamed) return unnamed;

  throw new Error(explanation(refusals, ADVICE));
}

/** Returns null if a file may still be written there, and throws if not. */
function loadPresent(place, { sha256, packed }) {
  const absent = (reason) => {
    if (!packed) throw new Error(reason);
    return null;
  };
  const folder = locate(place);
  const file = path.join(folder, fileName(sha256));
  if (!fs.existsSync(file)) return absent(`there is no ${fileName(sha256)}`);
  assertPrivate(folder);
  // Marked before it is read, so that other versions do not remove it.
  markUsed(file);
  if (isIntact(file, sha256)) return loadAndTidy(folder, sha256);
  return absent(
    `${fileName(sha256)} is damaged (its SHA-256 differs), or other users can change it`,
  );
}

function loadWritten(place, sha256, bytes) {
  const folder = locate(place);
  // Before and after: the folder must not be created where it would be rejected, and another
  // process may have created it first.
  assertPrivate(folder);
  makeFolder(folder);
  assertPrivate(folder);
  const file = path.join(folder, fileName(sha256));
  write(file, bytes);
  try {
    if (!isIntact(file, sha256)) throw new Error(`${file} does not read back as it was written`);
    return loadAndTidy(folder, sha256);
  } catch (error) {
    remove(file);
    throw error;
  }
}

function loadAndTidy(folder, sha256) {
  const binding = dlopen(path.join(folder, fileName(sha256)));
  removeUnused(folder, sha256);
  return binding;
}

/**
 * An unnamed file, which nobody else can reach. It needs no folder of our own, but every process
 * and worker has its own copy.
 */
function loadUnnamed({ parent }, bytes) {
  if (!fs.existsSync(parent)) return null;
  const O_TMPFILE = 0o20000000 | fs.constants.O_DIRECTORY;
  const descriptor = fs.openSync(parent, O_TMPFILE | fs.constants.O_RDWR, 0o600);
  try {
    fs.writeFileSync(descriptor, bytes);
    // Keep the descriptor open: dlopen identifies a library by its path, and would mistake a later
    // file with the same number for this one.
    return dlopen(`/proc/self/fd/${descriptor}`);
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

function dlopen(file) {
  const loaded = { exports: {} };
  try {
    process.dlopen(loaded, file);
  } catch ({ message }) {
    const libc = libcProblem(message);
    if (libc) throw Object.assign(new Error(`${libc}: ${message}`), { isSameEverywhere: true });
    const noexec = message.includes(NOEXEC) ? 'code may not be run from there (noexec): ' : '';
    throw new Error(noexec + message);
  }
  return loaded.exports;
}

function libcProblem(message) {
  if (message.includes('GLIBC_')) {
    return 'the C library of this system is too old for the native addon';
  }
  if (isMusl() && !message.includes(NOEXEC)) {
    return 'the native addon needs glibc, and this system uses musl, as Alpine does';
  }
  return null;
}

/** Checks this process: a system may have both C libraries. */
function isMusl() {
  try {
    return fs.readFileSync('/proc/self/maps', 'latin1').includes('/ld-musl-');
  } catch (_) {
    return false;
  }
}

function unpack({ sha256, packed }) {
  const source = Function.prototype.toString.call(packed);
  const base64 = source.slice(source.indexOf('/*') + 2, source.lastIndexOf('*/'));
  // Loaded only if needed: usually the file already exists.
  const zlib = require('zlib');
  let bytes;
  try {
    bytes = zlib.brotliDecompressSync(Buffer.from(base64, 'base64'));
  } catch (_) {
    bytes = Buffer.alloc(0);
  }
  if (sha256Of(bytes) !== sha256) {
    throw new Error(
      "the native addon in the plugin's dist/index.js is damaged (its SHA-256 differs). Install the plugin again",
    );
  }
  return bytes;
}

function externalAdvice({ sha256 }) {
  return `This build of the plugin has no addon inside. Put ${fileName(sha256)}, which the same build wrote next to its index.js, into the folder that TOOLJET_OPENAI_ADDON_DIR names; then restart the server.`;
}

function explanation(refusals, advice) {
  const tried = Array.from(refusals, ([{ parent, name }, reason]) => {
    const where = name === undefined ? `${parent}, as an unnamed file` : path.join(parent, name);
    return `- ${where}: ${reason}`;
  });
  return ['the native addon could not be loaded from any of these folders:', ...tried, advice].join(
    '\n',
  );
}

module.exports = load;
