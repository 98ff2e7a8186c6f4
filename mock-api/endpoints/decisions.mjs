import { servedModel } from '../models.mjs';
import { array, checkParameters, either, members, oneOf, orNull, string } from '../parameters.mjs';
import { countTokens } from '../tokens.mjs';

const text = string();
const question = either(
  members({ type: oneOf('predicate'), instructions: text, name: text }, ['type', 'instructions']),
  members(
    {
      type: oneOf('choice'),
      instructions: text,
      choices: array(members({ value: text, description: text }, ['value']), { min: 2, max: 255 }),
      name: text,
    },
    ['type', 'instructions', 'choices'],
  ),
  members(
    {
      type: oneOf('score'),
      instructions: text,
      levels: array(members({ label: text, description: text }, ['label']), { min: 2, max: 10 }),
      name: text,
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

/** The one that the input names gets most, else the last. */
function weigh(input, words) {
  const at = words.findIndex((word) => input.toLowerCase().includes(String(word).toLowerCase()));
  const best = at === -1 ? words.length - 1 : at;
  const rest = 0.1 / Math.max(words.length - 1, 1);
  return { best, weights: words.map((_, index) => (index === best ? 0.9 : rest)) };
}

function decide({ type, name = null, choices, levels }, input) {
  if (type === 'predicate') return { type, name, probability: input.includes('!') ? 0.9 : 0.1 };
  if (type === 'choice') {
    const values = choices.map(({ value }) => value);
    const { best, weights } = weigh(input, values);
    return {
      type,
      name,
      choice: values[best],
      confidence: 0.9,
      probabilities: values.map((value, index) => ({ value, probability: weights[index] })),
    };
  }
  const labels = levels.map(({ label }) => label);
  const { weights } = weigh(input, labels);
  // Levels count from 0, and the score is their mean.
  return {
    type,
    name,
    score: weights.reduce((sum, weight, index) => sum + weight * index, 0),
    confidence: 0.9,
    probabilities: labels.map((label, index) => ({
      label,
      value: index,
      probability: weights[index],
    })),
  };
}

export default {
  path: '/decisions',
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
};
