// The seeds of coverage-guided fuzzing: the stored responses, and queries of the form.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup.mjs';

/** Writes the seeds of each target of fuzz/ below `folder`, next to the inputs of earlier runs. */
export function writeSeeds(folder) {
  const write = (target, name, content) => {
    mkdirSync(join(folder, target), { recursive: true });
    writeFileSync(join(folder, target, name), content);
  };
  const fixtures = join(ROOT, '__tests__', 'fixtures');
  for (const { file, status } of JSON.parse(readFileSync(join(fixtures, 'index.json'), 'utf8'))) {
    const head = Buffer.from(`${status}\n1.5\n\n`);
    write('responses', file, Buffer.concat([head, readFileSync(join(fixtures, file))]));
  }
  for (const [name, options] of Object.entries(OPTIONS)) {
    write('options', name, JSON.stringify(options));
  }
  return readdirSync(folder);
}

const source = {
  base_url: 'https://r.openai.azure.com/openai/deployments/d?api-version=1',
  headers: [['x-team', 'Bearer abcdefgh']],
  organizationId: 'org-1',
  project_id: 'null',
  timeout_seconds: '30',
  max_retries: 0,
};
const numbers = { max_tokens: '5', temperature: 0.5, top_p: '{{1}}', n: 2, seed: '-7' };
const OPTIONS = {
  chat: [
    source,
    {
      operation: 'chat',
      prompt: [{ type: 'text', text: 'As JSON' }],
      message_history: '[{"role": "user", "content": "a"}]',
      images: ['https://h/a.png', 'iVBORw0KGgo='],
      response_format: 'json_schema',
      json_schema: { type: 'object', properties: { a: { items: { type: 'string' } } } },
      metadata: { a: 1 },
      stop_sequence: '["a", "b"]',
      extra_body: '{"store": true}',
      advanced: 'on',
      ...numbers,
    },
  ],
  completion: [
    { base_url: 'http://[::1]:8080' },
    {
      operation: 'completion',
      prompt: 'a',
      suffix: 'b',
      engine: 'chat',
      echo: 'true',
      best_of: 3,
      logprobs: 1,
      ...numbers,
    },
  ],
  image: [
    {},
    { operation: 'image_generation', prompt: 'a', size: '1024x1024', quality: 'low', n: '2' },
  ],
  embedding: [
    {},
    {
      operation: 'generate_embedding',
      model_embedding: 'text-embedding-3-large',
      input_M2: '["a"]',
      dimensions__m2: 3,
    },
  ],
  models: [{}, { operation: 'list_models', filter: 'gpt', query_timeout: '1000' }],
};
