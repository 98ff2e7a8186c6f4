import { badRequest } from '../api-failure.mjs';
import { servedModel } from '../models.mjs';
import { array, checkParameters, either, members, oneOf, string } from '../parameters.mjs';
import { fraction } from '../tokens.mjs';

/** What the models serve. */
export const MODERATIONS = 'moderations';

const DEFAULT_MODEL = 'omni-moderation-latest';
const MODELS = [DEFAULT_MODEL, 'omni-moderation-2024-09-26'];

const part = either(
  members({ type: oneOf('text'), text: string() }, ['type', 'text']),
  members({ type: oneOf('image_url'), image_url: members({ url: uri }, ['url']) }, [
    'type',
    'image_url',
  ]),
);

function uri(name, value) {
  string()(name, value);
  if (!URL.canParse(value)) throw badRequest(`Invalid '${name}': expected a URL.`, name);
}

const RULES = {
  required: ['input'],
  parameters: {
    model: string(),
    input: either(string(), array(string(), { min: 1 }), array(part, { min: 1 })),
  },
};

/** The categories that images are checked for. */
const OF_IMAGES = /^(?:self-harm|sexual$|violence)/;
/** Words that make a category apply, and its kinds of input. */
const CATEGORIES = {
  hate: /\bhate\b/i,
  'hate/threatening': /\bhate\b.*\bkill\b/i,
  harassment: /\bidiot\b/i,
  'harassment/threatening': /\bidiot\b.*\bhurt\b/i,
  illicit: /\bshoplift/i,
  'illicit/violent': /\bbomb\b/i,
  'self-harm': /\bhurt myself\b/i,
  'self-harm/intent': /\bwill hurt myself\b/i,
  'self-harm/instructions': /\bhow to hurt myself\b/i,
  sexual: /\bnude\b/i,
  'sexual/minors': /\bnude child\b/i,
  violence: /\b(?:hurt|kill)\b/i,
  'violence/graphic': /\bblood\b/i,
};

/** What the API says of one input. */
export function moderate(input) {
  const parts = typeof input === 'string' ? [{ type: 'text', text: input }] : input;
  const words = parts.map(({ text }) => text ?? '').join('\n');
  const kinds = [...new Set(parts.map(({ type }) => (type === 'text' ? 'text' : 'image')))];
  const of = (value) =>
    Object.fromEntries(Object.keys(CATEGORIES).map((name) => [name, value(name)]));
  const applies = (name) => CATEGORIES[name].test(words);
  const categories = of(applies);
  return {
    flagged: Object.values(categories).includes(true),
    categories,
    category_scores: of((name) => (applies(name) ? 0.9 : 0) + fraction(`${name} ${words}`) / 20),
    category_applied_input_types: of((name) =>
      kinds.filter((kind) => kind === 'text' || OF_IMAGES.test(name)),
    ),
  };
}

export default {
  path: '/moderations',
  serves: MODERATIONS,
  models: MODELS,
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
};
