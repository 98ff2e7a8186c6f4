// The check of what is asked and answered that Chat Completions and Responses make within a request.

import { badRequest } from './api-failure.mjs';
import { MODERATIONS, moderate } from './endpoints/moderations.mjs';
import { servedModel } from './models.mjs';
import { members, oneOf, orNull, string } from './parameters.mjs';

/** What the API answers where it blocks is not known. */
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
