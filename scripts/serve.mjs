// npm run serve: serves a marketplace origin that contains this plugin, for TOOLJET_MARKETPLACE_URL.

import { FOLDER } from './built-plugin.mjs';
import { startMarketplace, TOOLJET_MARKETPLACE } from './marketplace.mjs';
import { runCommand } from './options.mjs';
import { explainTaken, parsePort } from './port.mjs';

const COMMAND = {
  command: 'npm run serve',
  about: 'Serves the built plugin on this machine only, until it is stopped (Ctrl-C).',
  options: {
    port: {
      type: 'string',
      value: 'N',
      default: '4710',
      read: parsePort,
      help: 'the port on 127.0.0.1 (default: 4710; 0 for any free one)',
    },
    folder: FOLDER,
    upstream: {
      type: 'string',
      value: 'URL',
      default: process.env.MARKETPLACE_UPSTREAM || TOOLJET_MARKETPLACE,
      read: parseOrigin,
      help: `the origin of every other plugin; or MARKETPLACE_UPSTREAM (default: ToolJet's own, ${TOOLJET_MARKETPLACE})`,
    },
  },
};

/** ToolJet appends paths to it, so it must not end with a slash. */
function parseOrigin(text) {
  const isUrl = URL.canParse(text);
  const { protocol, username, password, search, hash } = isUrl ? new URL(text) : {};
  if (!['http:', 'https:'].includes(protocol) || username || password || search || hash) {
    throw new Error(`--upstream must be a URL such as ${TOOLJET_MARKETPLACE}, not ${text}`);
  }
  return text.replace(/\/+$/, '');
}

await runCommand(COMMAND, async ({ folder, upstream, port }) => {
  const log = (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`);
  const marketplace = await startMarketplace({ folder, upstream, port, log }).catch((error) => {
    throw explainTaken(error);
  });
  process.once('SIGINT', marketplace.close);
  process.once('SIGTERM', marketplace.close);
  process.stdout.write(
    `Serving ${marketplace.id} from ${folder}, everything else from ${upstream}\n` +
      `Start ToolJet's server with TOOLJET_MARKETPLACE_URL=${marketplace.url}\n`,
  );
});
