// Folders for the addon's file, and which of them can be trusted.

const fs = require('fs');
const os = require('os');
const path = require('path');

/**
 * Best first. Each is our own folder (`name`) inside an existing one (`parent`);
 * TOOLJET_OPENAI_ADDON_DIR is our own entirely.
 */
function candidateFolders() {
  const { TOOLJET_OPENAI_ADDON_DIR, XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME || (HOME && path.join(HOME, '.cache'));
  // Other users share the last two, so the name contains the user id.
  const ownName = `tooljet-openai-${process.getuid()}`;
  return [
    TOOLJET_OPENAI_ADDON_DIR && { parent: TOOLJET_OPENAI_ADDON_DIR, name: '' },
    cache && { parent: cache, name: 'tooljet-openai' },
    { parent: os.tmpdir(), name: ownName },
    { parent: process.cwd(), name: `.${ownName}` },
  ].filter(Boolean);
}

/** The candidate's path with symbolic links resolved, except in its last part. */
function locate({ parent, name }) {
  if (!path.isAbsolute(parent)) throw new Error('is not an absolute path');
  return path.join(realPath(parent), name);
}

/** Like fs.realpathSync, but the end of the path may not exist yet. */
function realPath(file) {
  try {
    return fs.realpathSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return path.join(realPath(path.dirname(file)), path.basename(file));
  }
}

/** Does not use mkdir's `recursive`, which never returns for a path like /proc/x. */
function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/**
 * Throws unless only this user and root can change what the path leads to, so that the verified
 * file is still the one loaded a moment later. Follows ssh's StrictModes: a sticky parent folder
 * (/tmp) is fine.
 */
function assertPrivate(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    const stat = statIfThere(at);
    if (stat) assertNobodyElses(at, stat, at !== folder);
    if (at === path.dirname(at)) return;
  }
}

function assertNobodyElses(at, stat, isAbove) {
  if (!stat.isDirectory()) throw new Error(`${at} is not a folder`);
  if (!isOwnedByUsOrRoot(stat)) throw new Error(`${at} belongs to user ${stat.uid}`);
  const isSticky = (stat.mode & 0o1000) !== 0;
  if (isWritableByOthers(stat) && !(isAbove && isSticky)) {
    const mode = (stat.mode & 0o7777).toString(8);
    throw new Error(`${at} is writable by other users (mode 0${mode})`);
  }
}

function statIfThere(file) {
  try {
    return fs.lstatSync(file);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function isOwnedByUsOrRoot(stat) {
  return stat.uid === process.getuid() || stat.uid === 0;
}

function isWritableByOthers(stat) {
  return (stat.mode & 0o022) !== 0;
}

module.exports = {
  candidateFolders,
  locate,
  makeFolder,
  assertPrivate,
  isOwnedByUsOrRoot,
  isWritableByOthers,
};
