// Queries of every operation against scripts/proof/server.mjs, a tenth of which meets a fault.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FAULTS } from './faults.mjs';

const KEY = 'sk-proof-0123456789abcdef';
const QUERIES = [
  { operation: 'chat', prompt: 'Ping', system_prompt: 'Be brief.', temperature: '0.5' },
  { operation: 'completion', prompt: 'Once', model: 'm', max_tokens: '20' },
  { operation: 'generate_embedding', input: ['a', 'b'] },
  { operation: 'image_generation', prompt: 'hills' },
  { operation: 'list_models', filter: 'm1' },
];
const NAMES = Object.keys(FAULTS);

/** Starts the server; `state()` tells what is open there. */
export async function startServer() {
  const child = fork(fileURLToPath(new URL('./server.mjs', import.meta.url)));
  const [{ port }] = await once(child, 'message');
  return {
    url: `http://localhost:${port}`,
    async state() {
      child.send('state');
      return (await once(child, 'message'))[0];
    },
    stop: () => child.kill(),
  };
}

/** The query of this number: [source options, query options, what is wrong with its result]. */
export function query(number, url) {
  const options = QUERIES[number % QUERIES.length];
  if (number % 10 !== 9) {
    return [
      { apiKey: KEY, base_url: url },
      options,
      ({ status, description }) => status !== 'ok' && description,
    ];
  }
  const name = NAMES[Math.floor(number / 10) % NAMES.length];
  const { code, retries = 1, timeout } = FAULTS[name];
  const source = { apiKey: KEY, base_url: `${url}/fault/${name}/v1`, max_retries: retries };
  const complaint = ({ status, data, description }) => {
    if (status !== 'failed') return `${name} was not noticed`;
    // On a busy thread ToolJet's own timer may come first.
    if (timeout && description.startsWith('Defined query timeout')) return false;
    if (code !== undefined && data.code !== code)
      return `${name} became ${data.code}: ${description}`;
    return description.includes(KEY) && `${name} shows the key`;
  };
  return [source, timeout ? { ...options, query_timeout: timeout } : options, complaint];
}
