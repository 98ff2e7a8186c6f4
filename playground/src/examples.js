// The saved queries: what a builder would type, for every operation, and a few telling failures.

/** A 2x2 PNG, as ToolJet's file picker would hold it. */
export const PICTURE = {
  name: 'squares.png',
  type: 'image/png',
  dataURL:
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP4z8DAwPCfgYGB4f9/BgYAI/AE/SMvnqgAAAAASUVORK5CYII=',
};

const PERSON = {
  name: 'capital',
  schema: {
    type: 'object',
    properties: { country: { type: 'string' }, capital: { type: 'string' } },
    required: ['country', 'capital'],
    additionalProperties: false,
  },
};

export const EXAMPLES = [
  {
    group: 'Chat',
    queries: [
      {
        title: 'Ask a question',
        query: {
          operation: 'chat',
          system_prompt: 'You are a concise assistant.',
          prompt: '{{components.textinput1.value}}',
          max_tokens: '64',
        },
      },
      {
        title: 'Remember',
        query: {
          operation: 'chat',
          prompt: 'What is my name?',
          message_history: '{{components.chat1.history}}',
        },
      },
      {
        title: 'Answer as JSON',
        query: {
          operation: 'chat',
          prompt: 'What is the capital of France?',
          advanced: 'on',
          response_format: 'json_schema',
          json_schema: JSON.stringify(PERSON, null, 2),
        },
      },
      {
        title: 'Look at an image',
        query: {
          operation: 'chat',
          prompt: 'What is in this picture?',
          advanced: 'on',
          images: '{{components.filepicker1.file}}',
        },
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
    ],
  },
  {
    group: 'Completions',
    queries: [
      {
        title: 'Continue a text',
        query: { operation: 'completion', prompt: 'Once upon a time', max_tokens: '64' },
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
          prompt: 'Layered hills at dawn, flat colours',
          size: '1024x1024',
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
        title: 'Embed two, short',
        query: {
          operation: 'generate_embedding',
          input: '["Invoice 1042 is overdue.", "Invoice 1043 is paid."]',
          dimensions: '8',
        },
      },
    ],
  },
  {
    group: 'Models',
    queries: [{ title: 'List', query: { operation: 'list_models', filter: 'gpt-5' } }],
  },
  {
    group: 'Failures',
    queries: [
      {
        title: 'Wrong key',
        apiKey: 'sk-not-a-key-of-anybody-0000',
        standInOnly: true,
        query: { operation: 'chat', prompt: 'Say this is a test.' },
      },
      {
        title: 'No credit',
        apiKey: 'sk-stand-in-no-credit',
        standInOnly: true,
        query: { operation: 'chat', prompt: 'Say this is a test.' },
      },
      {
        title: 'Busy server',
        apiKey: 'sk-stand-in-rate-limited',
        standInOnly: true,
        query: { operation: 'chat', prompt: 'Say this is a test.' },
      },
      {
        title: 'Unknown model',
        query: { operation: 'chat', model: 'gpt-4-turbo-instruct', prompt: 'Say this is a test.' },
      },
      {
        title: 'Temperature 3',
        query: { operation: 'chat', prompt: 'Say this is a test.', temperature: '3' },
      },
    ],
  },
];

/** A new query, which starts with the form's defaults, filled in like the example. */
export const withExample = ({ query }, defaults) => ({ ...defaults, ...query });
