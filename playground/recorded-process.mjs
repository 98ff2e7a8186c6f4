// Runs the plugin behind the recorder. The addon reads the server's environment once, so using a
// proxy needs a separate process.

import { once } from 'node:events';
import { createHarnesses } from './harnesses.mjs';
import { timed } from './timed.mjs';

process.once('disconnect', () => process.exit());
const [plugin] = await once(process, 'message');
const harnesses = createHarnesses(plugin);
process.on('message', async ({ source, query, tooljet }) => {
  process.send(await timed(() => harnesses.get(tooljet).run(source, query)));
});
process.send('ready');
