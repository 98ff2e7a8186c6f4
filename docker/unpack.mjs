// node unpack.mjs INDEX.JS FOLDER: writes the addon of a built plugin to a folder. Every user can
// load it from there, but only the current user (root, in an image) can change it. Runs on any Node.

import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [entry, folder] = process.argv.slice(2).map((path) => resolve(path));

// Create the folder first: the plugin would create it for one user only.
process.umask(0o022);
mkdirSync(folder, { recursive: true });
// Remove the addon of an earlier image, or it would be used instead of this one.
for (const name of addonsIn(folder)) rmSync(join(folder, name));
process.env.TOOLJET_OPENAI_ADDON_DIR = folder;
const { default: OpenAI } = createRequire(entry)(entry);
// Without an API key, the test fails, but only after it has loaded the addon.
const error = await new OpenAI().testConnection({}).catch((reason) => reason);

const addons = addonsIn(folder);
if (addons.length === 0) {
  console.error(`The addon was not unpacked to ${folder}: ${error.description}`);
  process.exit(1);
}
for (const name of addons) chmodSync(join(folder, name), 0o444);
console.log(`${folder} contains ${addons.join(', ')}`);

function addonsIn(place) {
  return readdirSync(place).filter((name) => name.endsWith('.node'));
}
