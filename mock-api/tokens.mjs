import { createHash } from 'node:crypto';

// A rough tokenizer. Its tokens join to the original text and are about as long as a model's.
const TOKEN = /\s?[\p{L}\p{M}]{1,7}|\s?\p{N}{1,3}|\s?[^\s\p{L}\p{M}\p{N}]|\s/gu;

export const tokenize = (text) => text.match(TOKEN) ?? [];
export const countTokens = (text) => tokenize(text).length;

export const digest = (value) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 24);

const toBytes = (token) => [...Buffer.from(token)];

/** A number between 0 and 1 that depends on the text alone. */
export const fraction = (text) =>
  Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 8), 16) / 0xffffffff;

/** Truncates an answer at the token limit or a stop sequence, and returns the finish reason. */
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

/** The log probability of a token, and of `count` invented alternatives, the token itself first. */
export function logprobs(token, count) {
  const own = -Number((0.01 + fraction(token)).toFixed(4));
  const rivals = [' the', ' a', ' and', ' of', ' to', ' in', ' it', ' was', ' is', ' that']
    .concat(['.', ',', ' for', ' on', ' with', ' as', ' at', ' by', ' from', ' so', '\n'])
    .filter((rival) => rival !== token)
    .slice(0, Math.max(0, count - 1))
    .map((rival, index) => [rival, Number((own - 1.25 - index / 2).toFixed(4))]);
  return { logprob: own, top: count > 0 ? [[token, own], ...rivals] : [] };
}

/** The log probabilities of tokens, in the shape of Chat Completions and the Responses API. */
export const describeTokens = (tokens, count) =>
  tokens.map((token) => {
    const { logprob, top } = logprobs(token, count);
    return {
      token,
      logprob,
      bytes: toBytes(token),
      top_logprobs: top.map(([rival, value]) => ({
        token: rival,
        logprob: value,
        bytes: toBytes(rival),
      })),
    };
  });
