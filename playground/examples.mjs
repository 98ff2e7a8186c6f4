// Examples of what an app builder would type: for every operation, in the order of the form, and a few
// failures with a clear error. An example is about the last field of its query, unless it sets an
// `apiKey`. Newer operations define their own examples.

import { OPERATIONS } from '../forms/operations.mjs';

const PERSON = {
  type: 'object',
  properties: { country: { type: 'string' }, capital: { type: 'string' } },
  required: ['country', 'capital'],
  additionalProperties: false,
};

const TEST = { operation: 'chat', prompt: 'Say this is a test.' };

/** Those of the older operations. */
const OLDER = {
  chat: [
    {
      title: 'Answer a text input',
      query: {
        system_prompt: 'You are a concise assistant.',
        prompt: '{{components.textinput1.value}}',
      },
    },
    {
      title: 'Remember',
      query: {
        prompt: '{{components.chat1.lastMessage.message}}',
        message_history: '{{components.chat1.history}}',
      },
    },
    {
      title: 'Answer in JSON',
      query: {
        prompt: 'What is the capital of France?',
        response_format: 'json_object',
      },
    },
    {
      title: 'Follow a schema',
      query: {
        prompt: 'What is the capital of France?',
        response_format: 'json_schema',
        advanced: 'on',
        json_schema: JSON.stringify(PERSON, null, 2),
      },
    },
    {
      title: 'Describe an image',
      query: {
        prompt: 'What is in this image?',
        images: '{{components.filepicker1.file}}',
      },
    },
    {
      title: 'Summarize a PDF',
      query: {
        prompt: 'Summarize this document in one sentence.',
        images: '{{components.filepicker2.file}}',
      },
    },
    {
      title: 'Search the web',
      query: {
        prompt: 'What is the capital of Kenya?',
        advanced: 'on',
        web_search: 'on',
      },
    },
    {
      title: 'Call a tool',
      query: {
        prompt: 'What is the weather in Paris?',
        advanced: 'on',
        tools: '{"get_weather": {"city": "string"}}',
      },
    },
    {
      title: 'Check question and answer',
      query: {
        prompt: 'I will hurt you. What is the capital of Norway?',
        advanced: 'on',
        moderation: 'both',
      },
    },
    {
      title: 'Ask a Responses-only model',
      query: { prompt: 'What is 17 * 24?', model: 'gpt-5.5-pro' },
    },
    {
      title: 'Reason',
      query: {
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
        prompt: '{{components.textinput1.value}}',
        advanced: 'on',
        result: 'details',
      },
    },
    {
      title: 'Slow answer',
      apiKey: 'sk-mock-api-slow',
      mockApiOnly: true,
      query: { prompt: 'Say this is a test.' },
    },
  ],
  completion: [
    {
      title: 'Continue a text',
      query: { max_tokens: '64', prompt: 'Once upon a time' },
    },
    {
      title: 'Fill a gap',
      query: {
        prompt: 'I went to the market and',
        suffix: 'so we had fruit salad for dessert.',
      },
    },
  ],
  image_generation: [
    {
      title: 'Draw',
      query: {
        size: '1024x1024',
        prompt: 'Layered hills at dawn, flat colors',
      },
    },
  ],
  generate_embedding: [
    {
      title: 'Embed a text',
      query: { input: 'Invoice 1042 is overdue.' },
    },
    {
      title: 'Embed two',
      query: {
        input: '["Invoice 1042 is overdue.", "Invoice 1043 is paid."]',
        dimensions: '8',
      },
    },
  ],
};

export const EXAMPLES = [
  ...OPERATIONS.map(({ value, name, examples = OLDER[value] }) => ({
    group: name,
    queries: examples.map(({ query, ...example }) => ({
      ...example,
      query: { operation: value, ...query },
    })),
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
