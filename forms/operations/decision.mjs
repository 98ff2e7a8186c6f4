import { decide } from '../../mock-api/decide.mjs';
import { servedModel } from '../../mock-api/models.mjs';
import {
  array,
  checkParameters,
  either,
  members,
  oneOf,
  orNull,
  string,
} from '../../mock-api/parameters.mjs';
import { countTokens } from '../../mock-api/tokens.mjs';
import { dropdown, json, number, text } from '../controls.mjs';
import { constant } from '../core.mjs';
import { result } from '../shared-fields.mjs';

const DEFAULT_MODEL = constant('DEFAULT_DECISION_MODEL');

const words = string();
const question = either(
  members({ type: oneOf('predicate'), instructions: words, name: words }, ['type', 'instructions']),
  members(
    {
      type: oneOf('choice'),
      instructions: words,
      choices: array(members({ value: words, description: words }, ['value']), {
        min: 2,
        max: 255,
      }),
      name: words,
    },
    ['type', 'instructions', 'choices'],
  ),
  members(
    {
      type: oneOf('score'),
      instructions: words,
      levels: array(members({ label: words, description: words }, ['label']), { min: 2, max: 10 }),
      name: words,
    },
    ['type', 'instructions', 'levels'],
  ),
);

const RULES = {
  required: ['model', 'input', 'questions'],
  parameters: {
    model: string(),
    input: string(),
    questions: array(question, { min: 1, max: 400 }),
    prompt_cache_key: orNull(string()),
    safety_identifier: orNull(string(128)),
  },
};

export default {
  value: 'decision',
  order: 70,
  name: 'Decide',
  types: 'DecisionOptions',
  summary: 'answers yes or no, picks one of several, or gives a score',
  endpoints: ['/decisions', '/chat/completions', '/responses'],
  data: 'DecisionData | Array<DecisionData | null>',
  metadata: 'DecisionMetadata',
  declarations: `
/**
 * For Yes or no, whether the probability reaches the threshold; for One of these, the chosen text; for Score, a number on
 * the scale of the levels: their own if all are numbers; otherwise the first is 1. It is usually between two of them.
 * With \`questions\`, \`data\` is a list of these, with \`null\` for a question that the model declined to answer.
 */
export type DecisionData = { answer: boolean; probability: number } | string | boolean | number;

export interface DecisionMetadata extends ModelMetadata {
  /** The model that answered. */
  model?: string;
  /**
   * The answers in the API's own shape, with probabilities where the endpoint for decisions gave them. Levels of a
   * score count from 0 there.
   */
  answers: unknown[];
}`,
  basic: [
    text('decision_model', 'Model', {
      placeholder: `e.g. gpt-6-luna; ${DEFAULT_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_MODEL,
      help: 'The model that decides. OpenAI accepts only the default; other servers need the name of a chat model.',
      models: 'chat',
      sample: 'sample',
    }),
    text('input', 'Input', {
      control: 'editor',
      mode: 'text',
      placeholder: 'What to decide about, e.g. {{components.table1.selectedRow}}',
      accepts: 'Text; any other value is sent as JSON',
      fallback: 'Required',
      type: 'unknown',
      help: 'What to decide about.',
      sample: 'another text',
    }),
    text('question', 'Question', {
      placeholder: 'e.g. Is the customer angry?',
      fallback: 'Required, unless Questions is set',
      help: 'What to ask about the input.',
      sample: 'Is it late?',
    }),
    dropdown('kind', 'Kind', {
      choices: [
        ['Yes or no', 'yes_no'],
        ['One of these', 'one_of'],
        ['Score', 'score'],
      ],
      initial: 'yes_no',
      help: 'What kind of answer data has.',
      sample: 'one_of',
      needs: { choices: 'red, green' },
    }),
    json('choices', 'Choices', {
      control: 'line',
      placeholder: 'e.g. billing, shipping, other; for Score from low to high',
      accepts:
        'Text separated by commas, or a JSON array: 2 to 255 strings, or 2 to 10 levels of a score',
      fallback: 'Required for One of these; 1 to 5 for Score',
      type: 'TextOption | string[]',
      help: 'What to choose from, or the levels of the score from low to high.',
      details:
        'A score is on the scale of its levels if all of them are numbers, otherwise the first level counts as 1. It is usually between two of them.',
      sample: ['red', 'blue'],
      needs: { kind: 'one_of' },
    }),
    number('threshold', 'Threshold', {
      min: 0,
      max: 1,
      placeholder: '0 to 1: the minimum probability of a yes; 0.5 if empty',
      fallback: '0.5',
      help: 'The minimum probability for the answer yes. The app also gets the probability.',
      sample: '0.05',
    }),
  ],
  advanced: [
    result,
    json('questions', 'Questions', {
      placeholder: 'e.g. [{"question": "How angry?", "kind": "score"}]',
      accepts: 'JSON array of up to 400 questions with question, and kind, choices and name',
      type: 'unknown[] | string | null',
      help: 'Several questions about the same input, instead of Question. Data is then a list of answers in the same order.',
      sample: [
        { question: 'Is it urgent?', name: 'urgent' },
        { question: 'Which color?', kind: 'one_of', choices: ['red', 'blue'] },
        { question: 'How angry?', kind: 'score', choices: ['calm', 'angry'] },
      ],
    }),
  ],
  about:
    "Answers a question about a text or a row: whether something is true, which of several things it is, or how strongly it applies. It uses OpenAI's endpoint for decisions, a public beta. If a server does not have it, a chat model answers the same question in a fixed schema, and `metadata.endpoint` says so.",
  examples: [
    {
      title: 'Decide yes or no',
      query: {
        input: 'Where is my parcel?! This is the third time!',
        question: 'Is the customer angry?',
      },
      result: { data: { answer: true, probability: 0.9 }, metadata: { endpoint: 'decisions' } },
    },
    {
      title: 'Choose a topic',
      query: {
        input: 'Where is my parcel?',
        question: 'What is it about?',
        kind: 'one_of',
        choices: 'billing, parcel, other',
      },
      result: { data: 'parcel' },
    },
  ],
  notes:
    'With Score, `data` is a number on the scale of the levels: `4.2` on a scale of 1 to 5, or a position counted from 1 if the levels are words.\n\nA chat model only estimates the probability, so it is less exact than the endpoint for decisions.',
  trial: { query: { input: 'a calm sea', question: 'Is it calm?' } },
  savedQuery: {
    query: {
      decision_model: 'gpt-6-luna',
      input: { id: 7, status: 'overdue' },
      question: 'How urgent is it?',
      kind: 'score',
      choices: 'low, high',
      threshold: '',
    },
    path: '/decisions',
    body: {
      model: 'gpt-6-luna',
      input: '{"id":7,"status":"overdue"}',
      questions: [
        {
          type: 'score',
          instructions: 'How urgent is it?',
          levels: [{ label: 'low' }, { label: 'high' }],
        },
      ],
    },
  },
  mock: {
    '/decisions': {
      serves: 'decisions',
      answer(body) {
        checkParameters(body, RULES);
        const model = servedModel(body.model, 'chat');
        const tokens = countTokens(body.input);
        return {
          model: model.resolved,
          answers: body.questions.map((each) => decide(each, body.input)),
          usage: {
            input_tokens: tokens,
            input_tokens_details: { cache_write_tokens: 0, cached_tokens: 0 },
            output_tokens: 0,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: tokens,
          },
        };
      },
      example: {
        model: 'gpt-6-luna',
        input: 'a',
        questions: [
          { type: 'predicate', instructions: 'b', name: 'c' },
          {
            type: 'choice',
            instructions: 'd',
            choices: [{ value: 'e', description: 'f' }, { value: 'g' }],
          },
          { type: 'score', instructions: 'h', levels: [{ label: 'i' }, { label: 'j' }] },
        ],
        prompt_cache_key: 'k',
        safety_identifier: 'l',
      },
    },
  },
};
