// What a moderation finds, also of what is asked and answered: Chat Completions and Responses check that within a request.

import { badRequest } from './api-failure.mjs';
import { servedModel } from './models.mjs';
import { members, oneOf, orNull, string } from './parameters.mjs';
import { fraction } from './tokens.mjs';

/** What the models serve. */
export const MODERATIONS = 'moderations';

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

/** The API's response when it blocks is unknown. */
function mode(name, value) {
  oneOf('score', 'block')(name, value);
  if (value === 'block') {
    throw badRequest('The mock API scores and does not block.', name, 'unsupported_value');
  }
}

const side = orNull(members({ mode }, ['mode']));

export const moderation = orNull(
  members({ model: string(), policy: orNull(members({ input: side, output: side })) }, ['model']),
);

function moderateBoth(body, input, outputs) {
  const { resolved: model } = servedModel(body.moderation.model, MODERATIONS);
  const resultOf = (text) => ({ type: 'moderation_result', model, ...moderate(text) });
  return { model, input: resultOf(input), outputs: outputs.map(resultOf) };
}

/** The member of a chat completion: lists of results, one for each choice. */
export function moderationOfChat(body, input, outputs) {
  if (!body.moderation) return {};
  const { model, ...checked } = moderateBoth(body, input, outputs);
  const listed = (results) => ({ type: 'moderation_results', model, results });
  return { moderation: { input: listed([checked.input]), output: listed(checked.outputs) } };
}

/** The member of a response, in which each side is one result. */
export function moderationOfResponse(body, input, output) {
  if (!body.moderation) return {};
  const checked = moderateBoth(body, input, [output]);
  return { moderation: { input: checked.input, output: checked.outputs[0] } };
}
