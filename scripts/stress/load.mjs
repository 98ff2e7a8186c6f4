// Queries of every operation against scripts/stress/server.mjs. A tenth of them run into a fault.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FAULTS } from './faults.mjs';

const KEY = 'sk-stress0123456789abcdef';
/** The server repeats the mark of a query, so that a result of another query is detected. */
const QUERIES = [
  {
    options: (mark) => ({ operation: 'chat', prompt: `Ping ${mark}`, temperature: '0.5' }),
    isAnswer: (data, mark) => data === `Pong ${mark} é✓`,
  },
  {
    options: (mark) => ({ operation: 'completion', prompt: `Once ${mark}`, model: 'm' }),
    isAnswer: (data, mark) => data === ` there ${mark}`,
  },
  {
    options: (mark) => ({ operation: 'generate_embedding', input: ['a', mark] }),
    isAnswer: ({ embedding }, mark) => embedding?.length === 256 && `#${embedding[0]}` === mark,
  },
  {
    options: (mark) => ({ operation: 'image_generation', prompt: `hills ${mark}` }),
    isAnswer: ({ data }, mark) => data?.b64_json === mark + 'A'.repeat(4096),
  },
  {
    options: () => ({ operation: 'list_models', filter: 'm1' }),
    isAnswer: (models) => models.length === 11,
  },
];
const NAMES = Object.keys(FAULTS);

/**
 * On a busy machine, a short timeout may also end a query on ToolJet's own timer, or while the name
 * of the server is being resolved.
 */
const EARLIER = /^Defined query timeout|could not be resolved in time/;

/**
 * Starts the server; `state()` closes its idle connections and returns how many requests are
 * `inFlight`.
 */
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

/**
 * The query of this number: [source options, query options, function that returns what is wrong
 * with its result].
 */
export function query(number, url) {
  const mark = `#${number}`;
  if (number % 10 !== 9) {
    const { options, isAnswer } = QUERIES[number % QUERIES.length];
    const verify = ({ status, data, description }) => {
      if (status !== 'ok') return description;
      return !isAnswer(data, mark) && 'the answer of another query';
    };
    return [{ apiKey: KEY, base_url: url }, options(mark), verify];
  }
  // In turn, so that every operation runs into every fault.
  const turn = Math.floor(number / 10);
  const { options } = QUERIES[turn % QUERIES.length];
  const name = NAMES[turn % NAMES.length];
  const { code, retries = 1, timeout } = FAULTS[name];
  const source = { apiKey: KEY, base_url: `${url}/fault/${name}/v1`, max_retries: retries };
  const verify = ({ status, data, description }) => {
    if (status !== 'failed') return `${name} was not noticed`;
    if (timeout && EARLIER.test(description)) return false;
    if (data.code !== code) return `${name} became ${data.code}: ${description}`;
    return description.includes(KEY) && `${name} shows the key`;
  };
  return [source, { ...options(mark), ...(timeout && { query_timeout: timeout }) }, verify];
}
