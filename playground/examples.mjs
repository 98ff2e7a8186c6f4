// Examples of what an app builder would type: for every operation, and a few failures with a clear
// error. An example is about the last field of its query, unless it sets an `apiKey`. Newer
// operations define their own examples.

import { OPERATIONS } from '../forms/operations.mjs';

const PERSON = {
  type: 'object',
  properties: { country: { type: 'string' }, capital: { type: 'string' } },
  required: ['country', 'capital'],
  additionalProperties: false,
};

const TEST = { operation: 'chat', prompt: 'Say this is a test.' };

export const EXAMPLES = [
  {
    group: 'Chat',
    queries: [
      {
        title: 'Answer a text input',
        query: {
          operation: 'chat',
          system_prompt: 'You are a concise assistant.',
          prompt: '{{components.textinput1.value}}',
        },
      },
      {
        title: 'Remember',
        query: {
          operation: 'chat',
          prompt: '{{components.chat1.lastMessage.message}}',
          message_history: '{{components.chat1.history}}',
        },
      },
      {
        title: 'Answer in JSON',
        query: {
          operation: 'chat',
          prompt: 'What is the capital of France?',
          response_format: 'json_object',
        },
      },
      {
        title: 'Follow a schema',
        query: {
          operation: 'chat',
          prompt: 'What is the capital of France?',
          response_format: 'json_schema',
          advanced: 'on',
          json_schema: JSON.stringify(PERSON, null, 2),
        },
      },
      {
        title: 'Describe an image',
        query: {
          operation: 'chat',
          prompt: 'What is in this image?',
          images: '{{components.filepicker1.file}}',
        },
      },
      {
        title: 'Summarize a PDF',
        query: {
          operation: 'chat',
          prompt: 'Summarize this document in one sentence.',
          images: '{{components.filepicker2.file}}',
        },
      },
      {
        title: 'Search the web',
        query: {
          operation: 'chat',
          prompt: 'What is the capital of Kenya?',
          advanced: 'on',
          web_search: 'on',
        },
      },
      {
        title: 'Call a tool',
        query: {
          operation: 'chat',
          prompt: 'What is the weather in Paris?',
          advanced: 'on',
          tools: '{"get_weather": {"city": "string"}}',
        },
      },
      {
        title: 'Check question and answer',
        query: {
          operation: 'chat',
          prompt: 'I will hurt you. What is the capital of Norway?',
          advanced: 'on',
          moderation: 'both',
        },
      },
      {
        title: 'Ask a Responses-only model',
        query: { operation: 'chat', prompt: 'What is 17 * 24?', model: 'gpt-5.5-pro' },
      },
      {
        title: 'Reason',
        query: {
          operation: 'chat',
          model: 'gpt-5.5',
          prompt: 'What is 17 * 24?',
          temperature: '{{components.numberinput1.value}}',
          advanced: 'on',
          reasoning_effort: 'low',
        },
      },
      {
        title: 'Answer and details',
        query: {
          operation: 'chat',
          prompt: '{{components.textinput1.value}}',
          advanced: 'on',
          result: 'details',
        },
      },
    ],
  },
  {
    group: 'Completions',
    queries: [
      {
        title: 'Continue a text',
        query: { operation: 'completion', max_tokens: '64', prompt: 'Once upon a time' },
      },
      {
        title: 'Fill a gap',
        query: {
          operation: 'completion',
          prompt: 'I went to the market and',
          suffix: 'so we had fruit salad for dessert.',
        },
      },
    ],
  },
  {
    group: 'Image',
    queries: [
      {
        title: 'Draw',
        query: {
          operation: 'image_generation',
          size: '1024x1024',
          prompt: 'Layered hills at dawn, flat colors',
        },
      },
    ],
  },
  {
    group: 'Embedding',
    queries: [
      {
        title: 'Embed a text',
        query: { operation: 'generate_embedding', input: 'Invoice 1042 is overdue.' },
      },
      {
        title: 'Embed two',
        query: {
          operation: 'generate_embedding',
          input: '["Invoice 1042 is overdue.", "Invoice 1043 is paid."]',
          dimensions: '8',
        },
      },
    ],
  },
  ...OPERATIONS.filter(({ examples }) => examples).map(({ value, name, examples }) => ({
    group: name,
    queries: examples.map(({ title, query }) => ({ title, query: { operation: value, ...query } })),
  })),
  {
    group: 'Failures',
    queries: [
      {
        title: 'Wrong key',
        apiKey: 'sk-not-a-key-of-anybody-0000',
        mockApiOnly: true,
        query: TEST,
      },
      { title: 'No credit', apiKey: 'sk-mock-api-no-credit', mockApiOnly: true, query: TEST },
      { title: 'Busy server', apiKey: 'sk-mock-api-rate-limited', mockApiOnly: true, query: TEST },
      { title: 'Unknown model', query: { ...TEST, model: 'gpt-4-turbo-instruct' } },
      { title: 'Temperature 3', query: { ...TEST, temperature: '3' } },
    ],
  },
];
