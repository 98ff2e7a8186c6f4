// A playground in a separate process, for the tests that change its environment.

import { readFileSync } from 'node:fs';
import { startMockApi } from '../../mock-api/server.mjs';
import { startPlayground } from '../server.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const mockApi = await startMockApi();
const playground = await startPlayground({ plugin, mockApi });
process.once('disconnect', () => Promise.all([playground.close(), mockApi.close()]));
process.send(playground.url);
