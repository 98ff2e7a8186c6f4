import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateEvent } from '../openapi.mjs';
import { zip } from '../zip.mjs';
import {
  answer,
  CHAT,
  conversation,
  KEY,
  mockApi,
  question,
  RESPONSES,
  refused,
  send,
  user,
} from './client.mjs';
import {
  asFile,
  asInputFile,
  asksForWeather,
  asPerson,
  chatTool,
  flatTool,
  PERSON,
  pdf,
  said,
  VARIANTS,
} from './variants.mjs';

const asked = (options) => answer(RESPONSES, question(options));
const itemOf = ({ output }, type) => output.find((item) => item.type === type);
const partOf = (response) => itemOf(response, 'message').content[0];

/** By what is special about it: the same conversation for both endpoints. */
const SAME = {
  'a question': [{}, {}],
  'instructions and a history': [
    {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'My name is Ada.' },
        { role: 'assistant', content: 'Hello Ada.' },
        { role: 'user', content: 'What is my name?' },
      ],
    },
    {
      instructions: 'Be brief.',
      input: [
        said('My name is Ada.'),
        { role: 'assistant', content: 'Hello Ada.' },
        said('What is my name?'),
      ],
    },
  ],
  // Without members that OpenAI's document requires but the API does not.
  'parts of an answer': [
    {
      messages: [
        { role: 'assistant', content: [{ type: 'text', text: 'Hello Ada.' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
        { role: 'user', content: 'What is my name?' },
      ],
    },
    {
      input: [
        { role: 'assistant', content: [{ type: 'output_text', text: 'Hello Ada.' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
        said('What is my name?'),
      ],
    },
  ],
  'a PDF': [
    { messages: user([{ type: 'text', text: 'What is it?' }, asFile(pdf('Invoice 4711'))]) },
    {
      input: [
        said([{ type: 'input_text', text: 'What is it?' }, asInputFile(pdf('Invoice 4711'))]),
      ],
    },
  ],
  'a JSON schema': [
    { response_format: asPerson },
    { text: { format: { type: 'json_schema', name: 'person', strict: true, schema: PERSON } } },
  ],
  'a call': [
    { model: 'gpt-4o', messages: user(asksForWeather), tools: [chatTool] },
    { model: 'gpt-4o', input: asksForWeather, tools: [flatTool] },
  ],
  'the result of a call': [
    {
      messages: [
        ...user(asksForWeather),
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '21 °C' },
      ],
      tools: [chatTool],
    },
    {
      input: [
        said(asksForWeather),
        { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: '21 °C' },
      ],
      tools: [flatTool],
    },
  ],
  'a truncated answer': [
    { model: 'gpt-6-sol', max_completion_tokens: 66 },
    { model: 'gpt-6-sol', max_output_tokens: 66 },
  ],
  'an answer of only reasoning': [
    { model: 'gpt-6-sol', max_completion_tokens: 16 },
    { model: 'gpt-6-sol', max_output_tokens: 16 },
  ],
  'a refusal': [{ model: 'mock-api-refuses' }, { model: 'mock-api-refuses' }],
  'a filter': [{ model: 'mock-api-filters' }, { model: 'mock-api-filters' }],
};

const FINISH = { max_output_tokens: 'length', content_filter: 'content_filter' };

function fromChat({ choices: [{ message, finish_reason: reason }], usage, model }) {
  const calls = (message.tool_calls ?? []).map(({ id, function: called }) => ({ id, ...called }));
  const spent = [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens];
  const { reasoning_tokens: reasoning } = usage.completion_tokens_details;
  const { content, refusal } = message;
  return { text: content ?? '', refusal, calls, reason, spent, reasoning, model };
}

function fromResponse({ output, usage, incomplete_details: incomplete, model }) {
  const parts = output.flatMap(({ content }) => content ?? []);
  const calls = output
    .filter(({ type }) => type === 'function_call')
    .map(({ call_id: id, name, arguments: given }) => ({ id, name, arguments: given }));
  return {
    text: parts.map(({ text = '' }) => text).join(''),
    refusal: parts.find(({ type }) => type === 'refusal')?.refusal ?? null,
    calls,
    reason: FINISH[incomplete?.reason] ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
    spent: [usage.input_tokens, usage.output_tokens, usage.total_tokens],
    reasoning: usage.output_tokens_details.reasoning_tokens,
    model,
  };
}

describe('the Responses API of the mock API', () => {
  for (const [name, [chatBody, body]] of Object.entries(SAME)) {
    it(`returns ${name} as Chat Completions does, with the same usage`, async () => {
      const chat = await answer(CHAT, conversation(chatBody));
      assert.deepEqual(fromResponse(await asked(body)), fromChat(chat));
    });
  }

  it('names the documents that it read', async () => {
    const office = (name, text) => zip({ [name]: `<w:p><w:t>${text}</w:t></w:p>` });
    const input = [
      said([
        asInputFile(office('word/document.xml', 'Minutes of May'), 'minutes.docx'),
        asInputFile(office('xl/sharedStrings.xml', 'Rome'), 'cities.xlsx'),
        asInputFile(Buffer.from('a,b'), 'a.csv', 'text/csv'),
        asInputFile(Buffer.from('PK damaged'), 'b.docx'),
        { type: 'input_file', file_url: 'https://example.com/x/report.pdf' },
      ]),
    ];
    const { text } = partOf(await asked({ input }));
    assert.match(text, /^I received 1 PDF \(report\.pdf, from example\.com\)\. /);
    assert.match(
      text,
      /I received 4 documents \(minutes\.docx, \d+ bytes, which begins with “Minutes of May”; /,
    );
    assert.match(
      text,
      /cities\.xlsx, \d+ bytes, which begins with “Rome”; a\.csv, 3 bytes, which begins with “a,b”; b\.docx, 10 bytes\)\. /,
    );
  });

  it('cites the pages that it found, and lists them only when requested', async () => {
    const tools = [{ type: 'web_search', filters: { allowed_domains: ['example.com'] } }];
    const searched = await asked({ tools, input: 'Größe 🗼?' });
    const { text, annotations } = partOf(searched);
    assert.equal(annotations.length, 1);
    const [{ start_index: start, end_index: end, url }] = annotations;
    assert.equal([...text].slice(start, end).join(''), `([example.com](${url}))`);
    assert.equal(itemOf(searched, 'web_search_call').action.sources, undefined);
    const listed = await asked({ tools, include: ['web_search_call.action.sources'] });
    const { sources } = itemOf(listed, 'web_search_call').action;
    assert.deepEqual(sources, [{ type: 'url', url: partOf(listed).annotations[0].url }]);
    const wider = await asked({ tools: [{ type: 'web_search', search_context_size: 'high' }] });
    assert.equal(partOf(wider).annotations.length, 3);
  });

  it('calls a function when it is chosen or when the prompt names its subject', async () => {
    const called = async (options) =>
      itemOf(await asked({ tools: [flatTool], model: 'gpt-6-sol', ...options }), 'function_call');
    assert.equal(await called({}), undefined);
    assert.equal((await called({ input: asksForWeather })).name, 'get_weather');
    assert.equal(await called({ input: asksForWeather, tool_choice: 'none' }), undefined);
    for (const tool_choice of ['required', { type: 'function', name: 'get_weather' }]) {
      assert.equal((await called({ tool_choice })).name, 'get_weather');
    }
  });

  it('returns a reasoning summary when requested, and always the encrypted reasoning', async () => {
    const reasoned = async (summary) =>
      itemOf(await asked({ model: 'gpt-6-sol', reasoning: { summary } }), 'reasoning');
    assert.deepEqual((await reasoned(null)).summary, []);
    const { summary, encrypted_content: encrypted } = await reasoned('auto');
    assert.match(summary[0].text, /capital of France/);
    assert.ok(encrypted.length > 0);
  });

  it('fails with HTTP 200', async () => {
    const { status, error, output } = await asked({ model: 'mock-api-fails' });
    assert.deepEqual([status, error.code, output], ['failed', 'server_error', []]);
    assert.equal((await refused(CHAT, conversation({ model: 'mock-api-fails' }))).status, 500);
  });
});

describe('a request that the Responses API of the mock API rejects', () => {
  const long = 'x'.repeat(513);
  const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' };
  const image = { type: 'input_image', image_url: { url: 'https://example.com/a.png' } };
  /** By what is wrong: [options, status, param, code, message]. */
  const REJECTED = {
    'a parameter of neither endpoint': [
      { nope: 1 },
      400,
      'nope',
      'unknown_parameter',
      /^Unknown parameter: 'nope'\.$/,
    ],
    'stop sequences': [{ stop: 'x' }, 400, 'stop', 'unknown_parameter'],
    'several answers': [{ n: 2 }, 400, 'n', 'unknown_parameter'],
    'messages of Chat Completions': [
      { messages: user('a') },
      400,
      'messages',
      'unsupported_parameter',
      /moved to 'input'/,
    ],
    'the token limit of Chat Completions': [
      { max_tokens: 20 },
      400,
      'max_tokens',
      'unsupported_parameter',
      /moved to 'max_output_tokens'/,
    ],
    'the format of Chat Completions': [
      { response_format: asPerson },
      400,
      'response_format',
      'unsupported_parameter',
      /moved to 'text\.format'/,
    ],
    'too low a token limit': [
      { max_output_tokens: 15 },
      400,
      'max_output_tokens',
      'integer_below_min_value',
    ],
    'the wrong type': [{ store: 'no' }, 400, 'store', 'invalid_type'],
    'long metadata': [
      { metadata: { a: long } },
      400,
      'metadata.a',
      'string_above_max_length',
      /maximum length 512, but got a string with length 513/,
    ],
    'no input': [{ input: [] }, 400, 'input', 'missing_required_parameter'],
    'a part of Chat Completions': [
      { input: [said([{ type: 'text', text: 'a' }])] },
      400,
      'input[0].content[0].type',
      'invalid_value',
      /'input_text'/,
    ],
    'an image as an object': [
      { input: [said([image])] },
      400,
      'input[0].content[0].image_url',
      'invalid_type',
      /expected an image URL, but got an object instead/,
    ],
    'a member that items do not have': [
      { input: [{ ...said('a'), name: 'n' }] },
      400,
      'input[0].name',
      'unknown_parameter',
    ],
    'a file that it cannot read': [
      { input: [said([asInputFile(Buffer.from('a'), 'a.exe')])] },
      400,
      'input',
      'unsupported_file',
    ],
    'JSON that only the instructions mention': [
      { instructions: 'JSON', text: { format: { type: 'json_object' } } },
      400,
      'input',
      null,
    ],
    'a schema with open properties': [
      {
        text: {
          format: { type: 'json_schema', name: 'x', strict: true, schema: { type: 'object' } },
        },
      },
      400,
      'text.format.schema',
      'invalid_json_schema',
    ],
    'a temperature with reasoning': [
      { model: 'gpt-6-sol', temperature: 0.5 },
      400,
      'temperature',
      'unsupported_value',
    ],
    'an effort that a model lacks': [
      { model: 'gpt-6-astra', reasoning: { effort: 'none' } },
      400,
      'reasoning.effort',
      'unsupported_value',
    ],
    'an effort of a model that does not reason': [
      { model: 'gpt-4o', reasoning: { effort: 'low' } },
      400,
      'reasoning.effort',
      'unsupported_parameter',
    ],
    'a mode that a model lacks': [
      { reasoning: { mode: 'pro' } },
      400,
      'reasoning.mode',
      'unsupported_value',
    ],
    'an item of an earlier response': [
      { store: false, input: [said('a'), { ...call, id: 'fc_1' }] },
      404,
      'input',
      null,
      /^Item with id 'fc_1' not found\. Items are not persisted when `store` is set to false\./,
    ],
    'an earlier response': [
      { previous_response_id: 'resp_1' },
      400,
      'previous_response_id',
      'previous_response_not_found',
    ],
    'a call without output': [
      { input: [said('a'), call] },
      400,
      'input',
      null,
      /No tool output found for function call call_1/,
    ],
    'an output without call': [
      { input: [{ type: 'function_call_output', call_id: 'call_2', output: '' }] },
      400,
      'input',
      null,
      /No tool call found/,
    ],
    'a choice that is not offered': [
      { tool_choice: { type: 'function', name: 'f' } },
      400,
      'tool_choice',
      null,
    ],
    'an unknown model': [{ model: 'gpt-99' }, 400, 'model', 'model_not_found'],
    'a model for embeddings': [{ model: 'text-embedding-3-small' }, 400, 'model', null],
  };
  for (const [name, [options, status, param, code, words = /./]] of Object.entries(REJECTED)) {
    it(`is rejected for ${name}`, async () => {
      const error = await refused(RESPONSES, question(options));
      assert.deepEqual([error.status, error.param, error.code], [status, param, code]);
      assert.match(error.message, words);
    });
  }

  it('is rejected for a key restricted to Chat Completions', async () => {
    const headers = { authorization: 'Bearer sk-mock-api-chat-only' };
    const { status, body } = await send('POST', RESPONSES, { body: question(), headers });
    assert.equal(status, 401);
    assert.match(body.error.message, /Missing scopes: api\.responses\.write/);
    assert.equal((await send('POST', CHAT, { body: conversation(), headers })).status, 200);
  });

  it('is suggested by the other endpoint when only this one has the model', async () => {
    for (const model of ['gpt-5.5-pro', 'gpt-5.3-codex']) {
      const { message, status } = await refused(CHAT, conversation({ model }));
      assert.equal(status, 404);
      assert.match(message, /^This model is only supported in v1\/responses/);
    }
  });
});

describe('a stream of the Responses API of the mock API', () => {
  async function streamed(body) {
    const response = await fetch(mockApi.url + RESPONSES, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, stream: true }),
    });
    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    const events = (await response.text()).split('\n\n').slice(0, -1);
    return events.map((event) => {
      const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(event);
      const parsed = JSON.parse(data);
      assert.equal(parsed.type, name);
      return parsed;
    });
  }

  for (const [name, body] of Object.entries(VARIANTS[RESPONSES])) {
    it(`matches OpenAI's document and ends with the whole response for ${name}`, async () => {
      const whole = await answer(RESPONSES, body);
      const events = await streamed(body);
      assert.deepEqual(events.flatMap(validateEvent), []);
      assert.deepEqual(events.at(-1).response, whole);
      assert.deepEqual(
        [events[0].type, events[1].type],
        ['response.created', 'response.in_progress'],
      );
      assert.deepEqual(
        events.map((event) => event.sequence_number),
        events.map((_, index) => index),
      );
      const join = (type) =>
        events
          .filter((event) => event.type === type)
          .map((event) => event.delta)
          .join('');
      const parts = whole.output.flatMap(({ content }) => content ?? []);
      const text = parts.map((part) => part.text ?? '').join('');
      assert.equal(join('response.output_text.delta'), text);
      const done = events.filter(({ type }) => type === 'response.output_item.done');
      assert.deepEqual(
        done.map(({ item }) => item),
        whole.output,
      );
    });
  }
});
