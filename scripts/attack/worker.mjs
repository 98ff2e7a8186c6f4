// A worker thread of ToolJet's process that runs one query, and is usually terminated before the
// answer.

import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { loadPlugin } from '../../harness/loaders.mjs';

const { plugin, query } = workerData;
const Plugin = loadPlugin(readFileSync(plugin, 'utf8'));
await new Plugin().run(...query).catch(() => undefined);
