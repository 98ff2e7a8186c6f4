// A worker thread of ToolJet's process that asks one query, and is mostly ended before its answer.

import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { loadPlugin } from '../../harness/loaders.mjs';

const { plugin, query } = workerData;
const Plugin = loadPlugin(readFileSync(plugin, 'utf8'));
await new Plugin().run(...query).catch(() => undefined);
