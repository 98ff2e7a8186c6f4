// cargo-zigbuild links with zig, which contains the symbol lists of every glibc. So the addon can
// be built for an old one on any machine.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './command.mjs';
import { ensureFilled } from './once.mjs';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Returns the environment with cargo-zigbuild and its zig; installs them the first time. */
export function zigEnvironment(cache) {
  const pinned = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  // Not a virtual environment, which would break when the folder gets its final name.
  const folder = ensureFilled(join(cache, `zigbuild-${pinned}`), (partial) => {
    console.log('\n> pip install cargo-zigbuild ziglang (about 100 MB, once)');
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    const pinning = ['--require-hashes', '--only-binary=:all:', '--requirement', REQUIREMENTS];
    output('python3', [...pip, '--no-warn-script-location', ...pinning, '--target', partial]);
  });
  return {
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
    PYTHONPATH: folder,
  };
}
