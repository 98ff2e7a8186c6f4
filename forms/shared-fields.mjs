// The fields that several operations have. ToolJet keeps their values when the operation changes, so
// a field is shared only if it means the same in each of them.

import { dropdown, json, number, text, UNSET, wholeNumber } from './controls.mjs';

export const maxTokens = (more) =>
  wholeNumber('max_tokens', 'Max tokens', { min: 1, unit: 'tokens', ...more });

export const temperature = number('temperature', 'Temperature', {
  min: 0,
  max: 2,
  placeholder: '0 to 2, e.g. 0.2; many reasoning models ignore it',
  help: 'Higher values make the text more varied, lower values more predictable. Many reasoning models reject it: it is then left out, and metadata says so.',
});

export const stopSequence = text('stop_sequence', 'Stop sequence', {
  placeholder: 'e.g. END, or a list such as ["END", "\\n"]',
  accepts: 'One sequence as typed, or a JSON array of up to 4',
  type: 'TextOption | string[]',
  help: 'The answer ends before this text. Commas, blanks and line breaks count as typed; for a line break alone, enter ["\\n"].',
  details:
    'If the model rejects stop sequences, the plugin truncates the answer itself, and metadata says so.',
});

export const topP = number('top_p', 'Top p', {
  min: 0,
  max: 1,
  placeholder: '0 to 1, e.g. 0.9. Change this or Temperature, not both',
  help: 'Only the most likely tokens are considered, up to this total probability.',
});

export const frequencyPenalty = number('frequency_penalty', 'Frequency penalty', {
  min: -2,
  max: 2,
  placeholder: '-2 to 2, e.g. 0.5 to repeat words less often',
  help: 'Above 0, a token becomes less likely each time it appears.',
});

export const presencePenalty = number('presence_penalty', 'Presence penalty', {
  min: -2,
  max: 2,
  placeholder: '-2 to 2, e.g. 0.5 to move on to new topics',
  help: 'Above 0, a token becomes less likely once it has appeared.',
});

export const numberOfResults = wholeNumber('n', 'Number of results', {
  min: 1,
  max: 128,
  fallback: '1',
  placeholder: 'e.g. 3: data is then a list, and each one is billed',
  help: 'With more than one, data is a list of answers. All of them are billed.',
});

export const seed = wholeNumber('seed', 'Seed', {
  placeholder: 'e.g. 42',
  help: 'The same seed with the same settings tends to give the same answer. The API does not guarantee it.',
});

export const result = dropdown('result', 'Result', {
  sample: 'details',
  choices: [
    ['Answer', 'answer'],
    ['Answer and details', 'details'],
  ],
  initial: 'answer',
  help: 'With Answer and details, data is an object with the answer and everything in metadata, such as the model and token usage. Useful in ToolJet 2, where queries have no metadata.',
});

/** Each endpoint has its own parameters, so only Completions and Chat share a key. */
export const extraBody = (key, more) =>
  json(key, 'Extra body', {
    control: 'line',
    help: 'Additional members of the request, as JSON. They are added last and override those of the form.',
    details: '`stream` and `stream_options` are errors.',
    ...more,
  });

export const extraTextBody = extraBody('extra_body', { placeholder: 'e.g. {"store": true}' });

/** A key that an operation shared with Chat before it got its own key. */
export const sharedWithChat = (field, key) => ({
  ...field,
  key,
  placeholder: undefined,
  help: `Used if \`${field.key}\` is not set in a query that was made without the form, so without \`advanced\`.`,
  details: undefined,
  fallback: 'none',
});

/** Only the switch. Its two lists of fields are in operations.mjs. */
export const advanced = {
  key: 'advanced',
  label: 'Advanced',
  control: 'switch',
  list: [
    { name: 'Off', value: 'off' },
    { name: 'On', value: 'on' },
  ],
  initial: 'off',
  accepts: '`off`, `on`',
  fallback: 'none',
  type: "'on' | 'off' | Unset",
  help: 'If it is off, the fields under Advanced are ignored. If it is not set, as in queries made without the form, they are used.',
};

export const yesOrNo = (key, label, more) =>
  dropdown(key, label, {
    choices: [
      ['Yes', 'true'],
      ['No', 'false'],
    ],
    fallback: '`false`',
    ...more,
    type: `FlagOption | '${UNSET}'`,
  });

/** How the rows of a list run. */
export const listFields = [
  wholeNumber('parallel', 'Parallel', {
    min: 1,
    max: 64,
    fallback: '8',
    placeholder: '1 to 64 rows at once; 8 if empty',
    help: 'How many rows may run at once. If the server says that requests come too fast, fewer run for a while.',
    sample: '1',
    needs: { prompts: ['a', 'a'] },
  }),
  dropdown('on_failure', 'On failure', {
    choices: [
      ['Continue', 'continue'],
      ['Stop', 'stop'],
    ],
    initial: 'continue',
    help: 'With Continue, the answer of a failed row is null, and metadata.failed says why. With Stop, the query fails with it; data.partial has the answers so far.',
    sample: 'stop',
    needs: { prompts: ['a', ''] },
  }),
  dropdown('same_prompts', 'Same prompts', {
    choices: [
      ['Ask each', 'each'],
      ['Ask once', 'once'],
    ],
    initial: 'each',
    help: 'With Ask once, equal rows get the same answer, for the price of one.',
    sample: 'once',
    needs: { prompts: ['a', 'a'] },
  }),
];
