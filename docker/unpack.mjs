// node unpack.mjs INDEX.JS FOLDER: puts the addon of a built plugin into a folder, where every user can
// load it and only this one (root, in an image) can change it. Runs on whatever Node the image has.

import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [entry, folder] = process.argv.slice(2).map((path) => resolve(path));

// Before the addon does it, which would let nobody else into the folders that it makes.
process.umask(0o022);
mkdirSync(folder, { recursive: true });
// One of an earlier image would pass for this one.
for (const name of addonsIn(folder)) rmSync(join(folder, name));
process.env.TOOLJET_OPENAI_ADDON_DIR = folder;
const { default: OpenAI } = createRequire(entry)(entry);
// A test without an API key fails, but loads the addon first.
const error = await new OpenAI().testConnection({}).catch((reason) => reason);

const addons = addonsIn(folder);
if (addons.length === 0) {
  console.error(`The addon was not unpacked to ${folder}: ${error.description}`);
  process.exit(1);
}
for (const name of addons) chmodSync(join(folder, name), 0o444);
console.log(`${folder} holds ${addons.join(', ')}`);

function addonsIn(place) {
  return readdirSync(place).filter((name) => name.endsWith('.node'));
}
