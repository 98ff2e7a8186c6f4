// npm run demo: builds the plugin, loads it as ToolJet does and runs a few queries.

import { createHarness } from '../harness/harness.mjs';
import { answerTo } from '../mock-api/answers.mjs';
import { findContinuation } from '../mock-api/continuations.mjs';
import { startMockApi } from '../mock-api/server.mjs';
import { buildText } from './build-plugin.mjs';
import { Mistake, runCommand } from './options.mjs';
import { duration, paint, print, printField, printHeading, printWrapped } from './terminal.mjs';

const COMMAND = {
  command: 'npm run demo',
  about: 'Builds the plugin, loads it as ToolJet does, and runs a few queries.',
  options: {
    prompt: {
      type: 'string',
      value: 'TEXT',
      read: readPrompt,
      help: 'use this prompt for the Completions and the Chat query',
    },
  },
  notes: [
    "Without a key the demo talks to a mock of OpenAI's API on this machine. With OPENAI_API_KEY in the environment (and OPENAI_ORG_ID, if you need it) it talks to the real API; its queries then cost a fraction of a cent.",
  ],
};

const COMPLETION_PROMPT = 'Once upon a time';
const CHAT_PROMPT = 'Write a haiku about a database query.';
const NEXT = [
  ['your prompt', 'npm run demo -- --prompt "..."'],
  ['the real API', 'OPENAI_API_KEY=... npm run demo'],
  ['in a browser', 'npm start'],
  ['in ToolJet', 'docs/install.md'],
];
const WRONG_KEY = 'sk-not-a-key-of-anybody-0000';

function expect(condition, sentence) {
  if (!condition) {
    throw new Mistake(sentence);
  }
}

async function timed(work) {
  const started = performance.now();
  const result = await work;
  return { result, time: duration(performance.now() - started) };
}

const PASSED = { outcome: 'ok', style: 'green' };
const FAILED_AS_PLANNED = { outcome: 'failed as expected', style: 'yellow' };

function describeTokens({ usage, finish_reason: reason }) {
  const counts = usage && `${usage.prompt_tokens} in, ${usage.completion_tokens} out`;
  return [counts, reason && `finish_reason ${reason}`].filter(Boolean).join(', ');
}

function printMetadata(metadata) {
  printField('model', `${metadata.model} at /${metadata.endpoint}`);
  if (metadata.substituted_model) {
    printField(
      '',
      `OpenAI has shut down the models of /completions, so ${metadata.substituted_model} continued the text (substituted_model)`,
    );
  }
  for (const { parameter, change, to } of metadata.adjusted ?? []) {
    printField('adjusted', `${parameter}: ${change}${to ? ` to ${to}` : ''}`);
  }
  printField('tokens', describeTokens(metadata));
  printField('request', `${metadata.request_id}`);
}

async function demonstrateConnection(harness, source, title) {
  const { result, time } = await timed(harness.testConnection(source));
  // Below the first line ToolJet prints the details as JSON.
  const [sentence] = (result.message ?? '').split('\n');
  expect(result.status === 'ok', `The connection test failed. ${sentence}`);
  printHeading(title, { ...PASSED, time });
  printField('API', source.base_url ?? 'https://api.openai.com/v1');
  if (sentence) {
    printField('warning', sentence, 'yellow');
  }
}

async function demonstrateQuery(harness, source, { title, query, expected }) {
  const { result, time } = await timed(harness.run(source, query));
  expect(
    result.status === 'ok',
    `${title}: the query failed. ${result.description ?? result.message}`,
  );
  expect(
    typeof result.data === 'string' && result.data.trim() !== '',
    `${title}: the answer should be text, but is ${JSON.stringify(result.data)}.`,
  );
  if (expected !== undefined) {
    expect(
      expected.trim().startsWith(result.data.trim()),
      `${title}: the mock API said “${expected.trim()}”, but the plugin returned “${result.data}”.`,
    );
  }
  printHeading(title, { ...PASSED, time });
  printField('prompt', query.prompt);
  printField('answer', result.data.trim(), 'cyan');
  printMetadata(result.metadata);
}

async function demonstrateFailure(harness, source, { title, change, query, code, says, secret }) {
  const { result, time } = await timed(harness.run(source, query));
  expect(result.status === 'failed', `${title}: the query should have failed, but did not.`);
  expect(
    says.test(result.description),
    `${title}: the failure should say ${says}, but says “${result.description}”.`,
  );
  expect(
    code === undefined || result.data.code === code,
    `${title}: the code should be ${code}, but is ${result.data.code}.`,
  );
  expect(
    secret === undefined || !JSON.stringify(result).includes(secret),
    `${title}: the failure shows the key.`,
  );
  printHeading(title, { ...FAILED_AS_PLANNED, time });
  printField('with', change);
  printField('message', result.message);
  printField('description', result.description, 'yellow');
  const { hint, message, ...facts } = result.data;
  const data = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  printField('data', data.join(', '));
}

async function demonstrate({ harness, source, prompt, mockApi }) {
  const completionPrompt = prompt ?? COMPLETION_PROMPT;
  const chatPrompt = prompt ?? CHAT_PROMPT;

  await demonstrateConnection(harness, source, '1  Test connection');
  print();
  await demonstrateQuery(harness, source, {
    title: '2  Completions',
    query: { operation: 'completion', prompt: completionPrompt, max_tokens: '64' },
    expected: mockApi && findContinuation(completionPrompt),
  });
  print();
  await demonstrateQuery(harness, source, {
    title: '3  Chat',
    query: { operation: 'chat', prompt: chatPrompt, max_tokens: '64', temperature: '0.7' },
    expected: mockApi && answerTo(chatPrompt),
  });
  print();
  await demonstrateFailure(
    harness,
    { ...source, apiKey: WRONG_KEY },
    {
      title: '4  Chat with a wrong key',
      change: 'an invalid API key',
      query: { operation: 'chat', prompt: chatPrompt },
      code: 'invalid_api_key',
      says: /key/i,
      secret: WRONG_KEY,
    },
  );
  print();
  const sent = mockApi?.requests.length;
  await demonstrateFailure(harness, source, {
    title: '5  Chat with a value out of range',
    change: 'Temperature 3, which is rejected before anything is sent',
    query: { operation: 'chat', prompt: chatPrompt, temperature: '3' },
    says: /temperature/i,
  });
  expect(mockApi?.requests.length === sent, 'A query with a value out of range was sent anyway.');
}

function readPrompt(text) {
  if (text.trim() === '') throw new Error('--prompt needs a text');
  return text;
}

async function run({ prompt }) {
  const apiKey = process.env.OPENAI_API_KEY?.trim();
  print(paint('bold', 'OpenAI for ToolJet, as a native addon: a demo'));
  print();
  const text = await buildText();
  const harness = createHarness({ text, loader: 'E' });
  const started = performance.now();
  printWrapped('Loaded it as ToolJet does: from base64 text, in a fresh context for every query');

  if (apiKey) {
    print('Talking to the real API, because OPENAI_API_KEY is set');
    print();
    const organizationId = process.env.OPENAI_ORG_ID?.trim();
    const source = { apiKey, ...(organizationId && { organizationId }) };
    await demonstrate({ harness, source, prompt });
    return { started, api: 'the real API' };
  }
  const mockApi = await startMockApi();
  try {
    print("Talking to a mock of OpenAI's API on this machine");
    print();
    const source = { apiKey: 'sk-mock-api-demo', base_url: mockApi.baseUrl };
    await demonstrate({ harness, source, prompt, mockApi });
    return { started, api: 'the mock API' };
  } finally {
    await mockApi.close();
  }
}

await runCommand(COMMAND, async (options) => {
  const { started, api } = await run(options);
  print();
  const time = duration(performance.now() - started);
  printWrapped(`All five went as expected, in ${time}, against ${api}.`, 'green');
  print();
  printWrapped('Next:');
  for (const [what, command] of NEXT) printField(what, command);
});
