import { parseArgs } from 'node:util';
import { portOf } from '../scripts/port.mjs';
import { KEY_PREFIX } from './access.mjs';
import { startStandIn } from './server.mjs';

const USAGE = `Usage: node stand-in/cli.mjs [--port N]

Serves a stand-in for OpenAI's API on the loopback interface until it is stopped (Ctrl-C).
--port N   the port to listen on; without it, any free one
`;

async function main() {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '0' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const standIn = await startStandIn({ port: portOf(values.port) });
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
