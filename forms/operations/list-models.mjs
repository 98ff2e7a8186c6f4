import { text } from '../controls.mjs';

export default {
  value: 'list_models',
  order: 90,
  name: 'List models',
  types: 'ListModelsOptions',
  summary: 'shows what the server offers',
  endpoints: ['/models'],
  data: 'ListedModel[]',
  metadata: 'ListModelsMetadata',
  basic: [
    text('filter', 'Filter', {
      placeholder: 'e.g. gpt-6; all models if empty',
      help: 'Only the models whose ID contains this text, in upper or lower case.',
    }),
  ],
};
