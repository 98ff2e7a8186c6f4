// Fills folders whose content is expensive to produce.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** Fills a folder unless it is already full; a partly filled one is filled again. */
export function ensureFilled(folder, fill) {
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(partial);
  fill(partial);
  renameSync(partial, folder);
  return folder;
}
