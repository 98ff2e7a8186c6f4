// Describes a failed query.

import { findField } from '../forms/parameters.js';

/** What ToolJet's browser considers a failure. */
const FAILURES = {
  2: ['failed', 'Bad Request'],
  3: ['failed', 'Bad Request', 'Not Found', 'Unprocessable Entity', 400, 404, 422],
};

export const isFailure = ({ status }, tooljet) => FAILURES[tooljet].includes(status);

/** `{happened, advice}`: the plugin's description ends with what to do, if it knows. */
export function readFailure({ message, description, data }) {
  const whole = description || data?.message || message || 'The query failed.';
  const advice = data?.hint;
  if (!advice || !whole.endsWith(advice)) return { happened: whole, advice };
  return { happened: whole.slice(0, -advice.length).trim(), advice };
}

/** What precedes a field's name in advice to change it. */
const ADVICE =
  '(?:ask in|change|check|choose|clear|enter|in|lower|raise|rephrase|set|shorten|under)';

/**
 * The field that a failure is about, as `{form, field}`. `forms` are the visible fields of each
 * form, by its name; the first form takes precedence.
 */
export function findFailedField({ data }, forms) {
  const shown = Object.entries(forms).flatMap(([form, fields]) =>
    fields.map((field) => ({ form, field })),
  );
  // The plugin's own checks have their advice in the message.
  const advice = data?.hint ?? data?.message;
  return findByParameter(data?.param, shown) ?? findInAdvice(advice, shown);
}

function findByParameter(parameter, shown) {
  const field = findField(
    parameter,
    shown.map((each) => each.field),
  );
  return field && shown.find((each) => each.field === field);
}

/** The first field that the advice says to change. */
function findInAdvice(advice, shown) {
  if (!advice) return undefined;
  const positions = shown.map(({ field }) => positionOf(field.label, advice));
  const first = Math.min(...positions);
  return Number.isFinite(first) ? shown[positions.indexOf(first)] : undefined;
}

function positionOf(label, advice) {
  const escaped = label.replace(/[()]/g, '\\$&');
  const position = advice.search(
    new RegExp(`\\b${ADVICE} (?:(?:the|a|another) )?${escaped}(?!\\w)`, 'i'),
  );
  return position === -1 ? Number.POSITIVE_INFINITY : position;
}
