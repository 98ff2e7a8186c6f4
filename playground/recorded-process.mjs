// Runs the plugin behind the recorder. The addon reads the server's environment once, so a proxy
// for it takes a process of its own.

import { once } from 'node:events';
import { createHost } from '../host/host.mjs';
import { timed } from './timed.mjs';

process.once('disconnect', () => process.exit());
const [plugin] = await once(process, 'message');
const host = createHost({ text: plugin, loader: 'E' });
process.on('message', async ({ source, query }) => {
  process.send(await timed(() => host.run(source, query)));
});
process.send('ready');
