// npm start: runs the playground, with the built plugin and a mock API.

import { startMockApi } from '../mock-api/server.mjs';
import { prepare } from '../playground/prepare.mjs';
import { openBrowser } from './open-browser.mjs';
import { runCommand } from './options.mjs';
import { explainTaken, parsePort } from './port.mjs';
import { print } from './terminal.mjs';

const COMMAND = {
  command: 'npm start',
  about: 'Serves the playground on this machine only, until it is stopped (Ctrl-C).',
  options: {
    port: {
      type: 'string',
      value: 'N',
      default: '4700',
      read: parsePort,
      help: 'the port of the page (default: 4700; 0 for any free one)',
    },
    'no-open': {
      type: 'boolean',
      default: false,
      help: 'do not open the page in the browser',
    },
  },
};

await runCommand(COMMAND, async ({ port, 'no-open': stayClosed }) => {
  const plugin = await prepare();
  // Imported late, because its packages may have been installed only now.
  const { startPlayground } = await import('../playground/server.mjs');
  const mockApi = await startMockApi();
  const playground = await startPlayground({ plugin, mockApi, port }).catch(async (error) => {
    await mockApi.close();
    throw explainTaken(error);
  });

  const stop = async () => {
    await Promise.all([playground.close(), mockApi.close()]);
    // The plugin may still wait for a response.
    process.exit();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  print(`\nPlayground:  ${playground.url}\nMock API:    ${mockApi.baseUrl}\nCtrl-C stops both.`);
  if (stayClosed) return;
  const { platform, env, stdout } = process;
  openBrowser(playground.url, { platform, env, isTerminal: stdout.isTTY === true });
});
