// npm run build: compiles the addon and writes the marketplace folder (dist/ and lib/).

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildPlugin, megabytes } from './build-plugin.mjs';
import { runCommand } from './options.mjs';
import { ROOT } from './root.mjs';
import { duration, print, printWrapped } from './terminal.mjs';

const COMMAND = {
  command: 'npm run build',
  about:
    'Compiles the addon and writes dist/ and lib/, the folder that a ToolJet marketplace serves.',
  options: {
    id: {
      type: 'string',
      value: 'ID',
      help: "plugin id (source.kind), to install it next to ToolJet's own: openai_native",
    },
    name: {
      type: 'string',
      value: 'NAME',
      help: 'name in ToolJet (source.name): "OpenAI (native)"',
    },
    out: {
      type: 'string',
      value: 'DIR',
      default: ROOT,
      help: 'write dist/ and lib/ there instead of here',
    },
    addon: {
      type: 'string',
      value: 'PLATFORM=FILE',
      multiple: true,
      read: (texts) => texts.map(givenAddon),
      help: 'pack this addon instead of compiling one; may be repeated: --addon linux-x64=a.node --addon linux-arm64=b.node',
    },
    external: {
      type: 'boolean',
      default: false,
      help: 'write the addons next to dist/index.js, as files for TOOLJET_OPENAI_ADDON_DIR, instead of into it',
    },
    debug: {
      type: 'boolean',
      default: false,
      help: 'compile without optimization, pack without the size limit',
    },
    features: { type: 'string', value: 'LIST', help: 'cargo features' },
  },
  notes: [
    "Without --id, the build keeps the id and the name of the last build; --id openai goes back to ToolJet's.",
  ],
};

await runCommand(COMMAND, async ({ addon: addons, ...options }) => {
  const started = performance.now();
  const packed = await buildPlugin({ addons, ...options });
  for (const { platform, base64, bytes } of packed.addons) {
    const size = megabytes((base64 ?? bytes).length);
    print(`  ${platform}: ${size} ${bytes ? 'next to' : 'of'} dist/index.js`);
  }
  const { id, name } = packed.kept;
  const kept = [id && `id ${id}`, name && `name "${name}"`].filter(Boolean);
  if (kept.length > 0) {
    printWrapped(`${kept.join(' and ')}, kept from the last build; --id openai goes back`);
  }
  const where = relative(process.cwd(), join(packed.out, 'dist', 'index.js'));
  const time = duration(performance.now() - started);
  printWrapped(`${where}: ${megabytes(Buffer.byteLength(packed.entry))}, in ${time}`, 'green');
  printWrapped(
    'Next: npm run demo shows it in action, npm start opens it in the browser, and docs/install.md says how to install it in ToolJet.',
  );
});

function givenAddon(text) {
  const [, platform, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (!file) throw new Error(`--addon ${text}: expected PLATFORM=FILE`);
  if (!existsSync(file)) throw new Error(`--addon ${text}: there is no such file`);
  return { platform, file };
}
