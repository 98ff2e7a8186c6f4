// What the metadata of a result says, in words.

import { findField } from '../forms/parameters.js';

/** `12 tokens in, 7 out`, by the names of each API; undefined if no tokens were reported. */
export function describeTokens(usage) {
  const sent = usage?.prompt_tokens ?? usage?.input_tokens;
  const received = usage?.completion_tokens ?? usage?.output_tokens;
  if (sent === undefined) return undefined;
  const tokens = `${count(sent)} ${sent === 1 ? 'token' : 'tokens'} in`;
  return received ? `${tokens}, ${count(received)} out` : tokens;
}

const count = (number) => number.toLocaleString('en');

/**
 * What was done differently from what the form says, one sentence each. `fields` are those that the
 * form shows; `model` is the one that answered.
 */
export function describeChanges(metadata, fields, model = 'the model') {
  const { adjusted = [], substituted_model: substitute } = metadata;
  // Its parameters are fewer than those of Chat Completions.
  const where = metadata.endpoint === 'responses' ? ' in the Responses API' : '';
  return [
    substitute && `${substitute} answered: the API no longer serves the model that was asked`,
    ...adjusted.map((adjustment) => describeAdjustment(adjustment, fields, model, where)),
    metadata.not_strict && `The answer may not fit the JSON schema: ${metadata.not_strict}`,
    metadata.finish_reason === 'length' && 'The answer stops at the token limit',
    metadata.attempts > 1 && `${metadata.attempts} requests were sent`,
  ].filter(Boolean);
}

function describeAdjustment({ parameter, change, to }, fields, model, where) {
  const name = findField(parameter, fields)?.label ?? parameter;
  switch (change) {
    case 'removed':
      return `${name} left out: ${model} does not take it${where}`;
    case 'renamed':
      return `${name} sent as ${to}: ${model} takes it by that name`;
    case 'set':
      return `${name} set to ${to}: ${model} requires it`;
    default:
      return `${name}: ${change}`;
  }
}
