// A playground in a process of its own, for the tests that change its environment.

import { readFileSync } from 'node:fs';
import { startStandIn } from '../../stand-in/server.mjs';
import { startPlayground } from '../server.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const standIn = await startStandIn();
const playground = await startPlayground({ plugin, standIn });
process.once('disconnect', () => Promise.all([playground.close(), standIn.close()]));
process.send(playground.url);
