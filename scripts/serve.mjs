// npm run serve: a marketplace origin with this plugin in it, for TOOLJET_MARKETPLACE_URL.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startMarketplace, TOOLJET_MARKETPLACE } from './marketplace.mjs';
import { parsePort } from './port.mjs';
import { ROOT } from './setup.mjs';

const USAGE = `npm run serve -- [options]
  --port N         the port on 127.0.0.1 (default: 4710; 0 for any free one)
  --folder DIR     the folder with dist/ and lib/ (default: this one)
  --upstream URL   where every other plugin comes from; MARKETPLACE_UPSTREAM in the
                   environment does the same. Unless told, ToolJet's own:
                   ${TOOLJET_MARKETPLACE}
  --help           show this text

Serves the built plugin on this machine only, until it is stopped (Ctrl-C).
`;

function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4710' },
      folder: { type: 'string', default: ROOT },
      upstream: {
        type: 'string',
        default: process.env.MARKETPLACE_UPSTREAM || TOOLJET_MARKETPLACE,
      },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    ...values,
    port: parsePort(values.port),
    folder: resolve(values.folder),
    upstream: parseOrigin(values.upstream),
  };
}

/** ToolJet appends paths to it, so it must not end with a slash. */
function parseOrigin(text) {
  const isUrl = URL.canParse(text);
  const { protocol, username, password, search, hash } = isUrl ? new URL(text) : {};
  if (!['http:', 'https:'].includes(protocol) || username || password || search || hash) {
    throw new Error(`--upstream must be a URL such as ${TOOLJET_MARKETPLACE}, not ${text}`);
  }
  return text.replace(/\/+$/, '');
}

async function main() {
  const { help, folder, upstream, port } = parseOptions(process.argv.slice(2));
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const log = (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`);
  const marketplace = await startMarketplace({ folder, upstream, port, log });
  process.once('SIGINT', marketplace.close);
  process.once('SIGTERM', marketplace.close);
  process.stdout.write(
    `Serving ${marketplace.id} from ${folder}, everything else from ${upstream}\n` +
      `Start ToolJet's server with TOOLJET_MARKETPLACE_URL=${marketplace.url}\n`,
  );
}

main().catch((error) => {
  const isTaken = error.code === 'EADDRINUSE';
  const advice = isTaken ? 'the port is taken; choose another with --port' : error.message;
  process.stderr.write(`serve: ${advice}\n`);
  process.exitCode = 1;
});
