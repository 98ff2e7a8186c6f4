// The addon as a file. Its name is the SHA-256 of its content, which is checked before the file is
// loaded.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { isOwnedByUsOrRoot, isWritableByOthers } = require('./folders');

const OURS = /^tooljet-openai-[0-9a-f]{64}\.node(\.\d+\.[0-9a-f]+\.tmp)?$/;
const UNUSED_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

function fileName(sha256) {
  return `tooljet-openai-${sha256}.node`;
}

function sha256Of(bytes) {
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

/** Whether the file exists with the right content. */
function isIntact(file, sha256) {
  let descriptor;
  try {
    // Without O_NONBLOCK, opening a named pipe would stop the whole server.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    descriptor = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ELOOP') return false;
    throw error;
  }
  try {
    const stat = fs.fstatSync(descriptor);
    return (
      stat.isFile() &&
      isOwnedByUsOrRoot(stat) &&
      !isWritableByOthers(stat) &&
      sha256Of(fs.readFileSync(descriptor)) === sha256
    );
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Replaces the file in one step, so that
 * a crash or another process doing the same never leaves a partial one.
 */
function write(file, bytes) {
  const temporary = `${file}.${process.pid}.${crypto.randomBytes(6).toString('hex')}.tmp`;
  try {
    fs.writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o600 });
    fs.renameSync(temporary, file);
  } catch (error) {
    remove(temporary);
    throw error;
  }
}

function remove(file) {
  ignoringErrors(() => fs.unlinkSync(file));
}

/** Sets the modification time to the time of last use, which removeUnused reads. */
function markUsed(file) {
  const now = new Date();
  ignoringErrors(() => fs.utimesSync(file, now, now));
}

/** Removes old files of other versions and of crashed writers. */
function removeUnused(folder, sha256) {
  ignoringErrors(() => {
    for (const name of fs.readdirSync(folder)) {
      if (OURS.test(name) && name !== fileName(sha256)) removeIfUnused(path.join(folder, name));
    }
  });
}

function removeIfUnused(file) {
  ignoringErrors(() => {
    const stat = fs.lstatSync(file);
    const unused = Date.now() - stat.mtimeMs > UNUSED_AFTER_MS;
    if (stat.isFile() && stat.uid === process.getuid() && unused) fs.unlinkSync(file);
  });
}

function ignoringErrors(step) {
  try {
    step();
  } catch (_) {
    // Only housekeeping: nothing depends on it.
  }
}

module.exports = { fileName, sha256Of, isIntact, write, remove, markUsed, removeUnused };
