import { servedModel } from '../../mock-api/models.mjs';
import { MODERATIONS, moderate } from '../../mock-api/moderated.mjs';
import {
  array,
  checkParameters,
  either,
  members,
  oneOf,
  string,
  url,
} from '../../mock-api/parameters.mjs';
import { text } from '../controls.mjs';
import { constant } from '../core.mjs';
import { result } from '../shared-fields.mjs';

const DEFAULT_MODEL = constant('DEFAULT_MODERATION_MODEL');

const part = either(
  members({ type: oneOf('text'), text: string() }, ['type', 'text']),
  members({ type: oneOf('image_url'), image_url: members({ url: url() }, ['url']) }, [
    'type',
    'image_url',
  ]),
);

const RULES = {
  required: ['input'],
  parameters: {
    model: string(),
    input: either(string(), array(string(), { min: 1 }), array(part, { min: 1 })),
  },
};

export default {
  value: 'moderation',
  order: 80,
  name: 'Moderate',
  types: 'ModerationOptions',
  summary: 'checks text and images for harmful content, free of charge',
  endpoints: ['/moderations'],
  data: 'ModerationData | ModerationData[]',
  metadata: 'ModerationMetadata',
  declarations: `
export interface ModerationMetadata extends RequestMetadata {
  /** The model that answered. */
  model?: string;
  /** The API's id of the moderation. */
  id?: string;
}`,
  basic: [
    text('input', 'Input', {
      control: 'editor',
      mode: 'text',
      placeholder: 'e.g. {{components.textinput1.value}}, a list, or a picked image',
      accepts: 'Text, an image (picked file or data URI), or a JSON array of these',
      fallback: 'Required',
      type: 'TextOption | FileOption | Array<string | FileOption>',
      help: 'What to check. Each string in a list is checked separately; text and an image in a list are checked together.',
      sample: ['another', 'text'],
    }),
    text('moderation_model', 'Model', {
      placeholder: `${DEFAULT_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_MODEL,
      help: 'Any moderation model that the server knows.',
      sample: 'sample',
    }),
  ],
  advanced: [result],
  about:
    'Checks text and images for harmful content before an app shows or stores them. It costs nothing at OpenAI.',
  examples: [
    {
      title: 'Check a comment',
      query: { input: 'I will hurt you.' },
      result: { data: { flagged: true, categories: ['violence'] } },
    },
    {
      title: 'Check a list',
      query: { input: '["I will hurt you.", "Good morning!"]' },
      result: { data: [{ flagged: true }, { flagged: false, categories: [] }] },
    },
  ],
  notes:
    '`data.scores` has the score of every category, from 0 to 1, for apps that set their own threshold. To hide a comment, bind its *Visibility* to `{{!queries.moderate.data.flagged}}`.',
  trial: { query: { input: 'a calm sea' } },
  savedQuery: {
    query: { input: 'I will hurt you.', moderation_model: '' },
    path: '/moderations',
    body: { model: 'omni-moderation-latest', input: 'I will hurt you.' },
  },
  mock: {
    '/moderations': {
      serves: MODERATIONS,
      answer(body) {
        checkParameters(body, RULES);
        const model = servedModel(body.model ?? DEFAULT_MODEL, MODERATIONS);
        const isList = Array.isArray(body.input) && typeof body.input[0] === 'string';
        const inputs = isList ? body.input : [body.input];
        return { id: 'modr-mock-api', model: model.resolved, results: inputs.map(moderate) };
      },
      example: {
        model: DEFAULT_MODEL,
        input: [
          { type: 'text', text: 'I will hurt you.' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        ],
      },
    },
  },
};
