// npm start: runs the playground, with the built plugin and a mock API.

import { parseArgs } from 'node:util';
import { startMockApi } from '../mock-api/server.mjs';
import { prepare } from '../playground/prepare.mjs';
import { parsePort } from './port.mjs';

const USAGE = `npm start -- [options]
  --port N   the port of the page (default: 4700; 0 for any free one)
  --help     show this text

Serves the playground on this machine only, until it is stopped (Ctrl-C).
`;

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4700' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const port = parsePort(values.port);
  const plugin = prepare();
  // Imported late, as its packages are installed only now.
  const { startPlayground } = await import('../playground/server.mjs');
  const mockApi = await startMockApi();
  const playground = await startPlayground({ plugin, mockApi, port }).catch(async (error) => {
    await mockApi.close();
    throw error;
  });

  const stop = async () => {
    await Promise.all([playground.close(), mockApi.close()]);
    // The plugin may still wait for a response.
    process.exit();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.stdout.write(
    `\nPlayground:   ${playground.url}\nMock API: ${mockApi.baseUrl}\nCtrl-C stops both.\n`,
  );
}

main().catch((error) => {
  const isTaken = error.code === 'EADDRINUSE';
  const advice = isTaken ? 'the port is taken; choose another with --port' : error.message;
  process.stderr.write(`start: ${advice}\n`);
  process.exitCode = 1;
});
