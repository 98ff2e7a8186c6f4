import { parseArgs } from 'node:util';
import { KEY_PREFIX } from './access.mjs';
import { startStandIn } from './server.mjs';

const USAGE = `Usage: node stand-in/cli.mjs [--port N]

Serves a stand-in for OpenAI's API on the loopback interface until it is stopped (Ctrl-C).
--port N   the port to listen on; without it, any free one
`;

function optionsOf(args) {
  const { values } = parseArgs({
    args,
    options: { port: { type: 'string', default: '0' }, help: { type: 'boolean', default: false } },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`--port must be a whole number from 0 to 65535, not ${values.port}`);
  }
  return { ...values, port };
}

async function main() {
  const { port, help } = optionsOf(process.argv.slice(2));
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const standIn = await startStandIn({ port });
  const stop = () => standIn.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.stdout.write(
    `Stand-in API at ${standIn.baseUrl}\nIt accepts any key that starts with ${KEY_PREFIX}.\n`,
  );
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
