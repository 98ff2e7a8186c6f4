import { createHash } from 'node:crypto';

// A rough tokenizer: what counts is that the pieces join to the text again and that they are
// about as long as a model's.
const TOKEN = /\s?[\p{L}\p{M}]{1,7}|\s?\p{N}{1,3}|\s?[^\s\p{L}\p{M}\p{N}]|\s/gu;

export const tokenize = (text) => text.match(TOKEN) ?? [];
export const countTokens = (text) => tokenize(text).length;

export const digest = (value) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 24);

/** A number between 0 and 1 that depends on the text alone. */
export const fraction = (text) =>
  Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 8), 16) / 0xffffffff;

/** What is left of a text under a token cap and stop sequences, and why it ends there. */
export function finish(text, { maxTokens = Number.POSITIVE_INFINITY, stop } = {}) {
  const capped = tokenize(text).slice(0, maxTokens);
  const kept = capped.join('');
  const stops = [stop ?? []].flat().filter((sequence) => sequence !== '');
  const ends = stops.map((sequence) => kept.indexOf(sequence)).filter((at) => at >= 0);
  if (ends.length > 0) {
    const text = kept.slice(0, Math.min(...ends));
    return { text, tokens: tokenize(text), finish_reason: 'stop' };
  }
  return {
    text: kept,
    tokens: capped,
    finish_reason: kept.length < text.length ? 'length' : 'stop',
  };
}

/** The log probability of a token, and of `count` invented rivals, the token itself first. */
export function logprobs(token, count) {
  const own = -Number((0.01 + fraction(token)).toFixed(4));
  const rivals = [' the', ' a', ' and', ' of', ' to', ' in', ' it', ' was', ' is', ' that']
    .concat(['.', ',', ' for', ' on', ' with', ' as', ' at', ' by', ' from', ' so', '\n'])
    .filter((rival) => rival !== token)
    .slice(0, Math.max(0, count - 1))
    .map((rival, index) => [rival, Number((own - 1.25 - index / 2).toFixed(4))]);
  return { logprob: own, top: count > 0 ? [[token, own], ...rivals] : [] };
}
