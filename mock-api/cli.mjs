import { parseArgs } from 'node:util';
import { parsePort } from '../scripts/port.mjs';
import { KEY_PREFIX } from './auth.mjs';
import { startMockApi } from './server.mjs';

const USAGE = `Usage: node mock-api/cli.mjs [--port N]

Serves a mock of OpenAI's API on the loopback interface until it is stopped (Ctrl-C).
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
  const mockApi = await startMockApi({ port: parsePort(values.port) });
  const stop = () => mockApi.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.stdout.write(
    `Mock API at ${mockApi.baseUrl}\nIt accepts any key that starts with ${KEY_PREFIX}.\n`,
  );
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
