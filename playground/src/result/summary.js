// Describes a result's metadata in words.

import { findField } from '../forms/parameters.js';

/** `12 tokens in, 7 out`, from either API's names; undefined if no tokens were reported. */
export function describeTokens(usage) {
  const sent = usage?.prompt_tokens ?? usage?.input_tokens;
  const received = usage?.completion_tokens ?? usage?.output_tokens;
  if (sent === undefined) return undefined;
  const tokens = `${count(sent)} ${sent === 1 ? 'token' : 'tokens'} in`;
  return received ? `${tokens}, ${count(received)} out` : tokens;
}

const count = (number) => number.toLocaleString('en');

/**
 * The model that answered, or the several that answered the rows of a list; `asked` is the one of
 * the query, if it names one.
 */
export const describeModels = ({ model, models = [], substituted_model: substitute }, asked) =>
  model ?? (models.join(', ') || (substitute ?? asked));

/**
 * What differs from the form's settings, one sentence each. `fields` are the form's visible fields;
 * `model` is the one that answered.
 */
export function describeChanges(metadata, fields, model = 'the model') {
  const { adjusted = [], substituted_model: substitute, rows = 1, answered = rows } = metadata;
  // It has fewer parameters than Chat Completions.
  const where = metadata.endpoint === 'responses' ? ' in the Responses API' : '';
  return [
    substitute &&
      `${substitute} answered through Chat, because the API no longer serves the Completions model`,
    ...adjusted.map((adjustment) => describeAdjustment(adjustment, fields, model, where)),
    metadata.not_strict && `The answer may not match the JSON schema: ${metadata.not_strict}`,
    metadata.finish_reason === 'length' && 'The answer stops at the token limit',
    answered < rows && `${count(rows - answered)} of ${count(rows)} rows failed`,
    metadata.attempts > rows && `${count(metadata.attempts)} requests were sent`,
  ].filter(Boolean);
}

function describeAdjustment({ parameter, change, to }, fields, model, where) {
  const name = findField(parameter, fields)?.label ?? parameter;
  switch (change) {
    case 'removed':
      return `${name} left out: ${model} does not accept it${where}`;
    case 'renamed':
      return `${name} sent as ${to}: ${model} expects that name`;
    case 'set':
      return `${name} set to ${to}: ${model} requires it`;
    default:
      return `${name}: ${change}`;
  }
}
