import { dropdown, text } from '../controls.mjs';
import { yesOrNo } from '../shared-fields.mjs';

const model = (id) => ({ id, value: id, label: id });

export default {
  value: 'list_models',
  order: 90,
  name: 'List models',
  types: 'ListModelsOptions',
  summary: 'shows what the server offers',
  endpoints: ['/models'],
  data: 'ListedModel[]',
  metadata: 'ListModelsMetadata',
  declarations: `
export interface ListModelsMetadata extends RequestMetadata {
  /** Models in the list. */
  count: number;
}`,
  basic: [
    dropdown('purpose', 'Purpose', {
      choices: [
        ['All', 'all'],
        ['Chat', 'chat'],
        ['Image', 'image'],
        ['Embedding', 'embedding'],
        ['Transcription', 'transcription'],
      ],
      initial: 'all',
      help: 'Leaves out models that are known to be for something else. A model whose name does not reveal its purpose stays in the list, as do most models of other servers.',
      sample: 'image',
    }),
    text('filter', 'Filter', {
      placeholder: 'e.g. gpt-6; all models if empty',
      help: 'Only the models whose ID contains this text, in upper or lower case.',
      sample: 'nothing has this name',
    }),
    yesOrNo('include_ended', 'Include ended', {
      help: 'Whether the list also has models whose shutdown date has come. The date comes from the server or, for OpenAI, from its deprecations page.',
      sample: 'true',
    }),
  ],
  about:
    'Lists the models that the key may use, sorted by ID. Each has `value` and `label`, so that the list can be bound to a dropdown.',
  examples: [
    {
      title: 'List image models',
      query: { purpose: 'image', filter: 'gpt-image-2.6' },
      result: {
        data: [model('gpt-image-2.6-flare'), model('gpt-image-2.6-sunburst')],
        metadata: { count: 2 },
      },
    },
  ],
  notes:
    'Each model also has its `owner`, and the time when it was `created`, in seconds since 1970. If its shutdown is announced, it has a `shutdown_date`, which is also in its `label`: `gpt-5.4-nano (until 2027-04-01)`.',
  trial: {
    query: {},
    answer: {
      data: [{ id: 'm' }, { id: 'gpt-6-luna' }, { id: 'old', shutdown_date: '2020-02-02' }],
    },
  },
};
