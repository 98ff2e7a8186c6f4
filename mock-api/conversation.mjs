// What a model answers to a conversation, whatever the endpoint. Messages have the shape of Chat
// Completions; files may be of any type that the Responses API accepts.

import { answerTo, quote } from './answers.mjs';
import { classify } from './classified.mjs';
import { findContinuation, INSERTIONS } from './continuations.mjs';
import { bytesOf, isPdf, readDocument } from './documents.mjs';
import { findFiles, findImages, isInstruction, readText } from './messages.mjs';
import { jsonAnswer } from './response-format.mjs';
import { chooseVariation } from './sampling.mjs';
import { countTokens, finish, tokenize } from './tokens.mjs';
import { callsFor } from './tools.mjs';

/** The number of reasoning tokens before the first token of the answer. */
const REASONING_TOKENS = { none: 0, minimal: 8, low: 24, medium: 64, high: 160, xhigh: 320 };
const IMAGE_TOKENS = 85;
const MESSAGE_TOKENS = 3;

const REFUSAL = 'I am sorry, but I cannot help with that.';
/** The error of the failing model on both endpoints. */
export const FAILURE = {
  message: 'The server had an error while processing your request. Sorry about that!',
  type: 'server_error',
  code: 'server_error',
};

function describeImage({ url }) {
  const data = /^data:(image\/[\w.+-]+);base64,(.*)$/.exec(url);
  return data
    ? `${data[1]}, ${Buffer.from(data[2], 'base64').length} bytes`
    : `from ${new URL(url).host}`;
}

function describeFile(file) {
  const { filename, file_data: data, file_url: url } = file;
  if (url !== undefined) {
    const { host, pathname } = new URL(url);
    return `${filename ?? pathname.split('/').at(-1)}, from ${host}`;
  }
  const text = readDocument(file);
  return `${filename}, ${bytesOf(data).length} bytes${text && `, which begins with “${quote(text)}”`}`;
}

function acknowledge(what, described) {
  if (described.length === 0) {
    return '';
  }
  const count = described.length === 1 ? `1 ${what}` : `${described.length} ${what}s`;
  return `I received ${count} (${described.join('; ')}). `;
}

/** Continues the prompt if the instructions ask for it, as in the fallback of Completions. */
const CONTINUE = /\bcontinu(?:e|es|ing|ation)\b/i;
const LEAD_UP = /\bleads? up to\b|\bdirectly (?:after|before)\b|\bbetween\b/i;

const includesBoth = (whole, { prompt, suffix }) =>
  whole.includes(prompt) && whole.includes(suffix.trim());

/**
 * Returns the answer that the instructions ask for: a continuation, text that leads up to a suffix,
 * or one of the words that they offer.
 */
function asInstructed(texts, instructions, prompt, variation) {
  const whole = texts.join('\n');
  const insertion = INSERTIONS.find((each) => includesBoth(whole, each));
  if (LEAD_UP.test(instructions) && insertion) {
    return insertion.text;
  }
  if (CONTINUE.test(instructions)) return findContinuation(prompt, { variation });
  return classify(instructions, prompt);
}

/** The results of functions at the end of the conversation. */
function resultsIn(messages) {
  const first = messages.findLastIndex(({ role }) => role !== 'tool') + 1;
  return messages.slice(first).map(readText);
}

function textFor({ messages, format }, variation) {
  const spoken = messages.filter((message) => !isInstruction(message));
  const last = spoken.at(-1) ?? messages.at(-1);
  const prompt = readText(last);
  const json = jsonAnswer(format, prompt);
  if (json !== undefined) {
    return json;
  }
  const instructions = messages.filter(isInstruction).map(readText).join('\n');
  const instructed = asInstructed(messages.map(readText), instructions, prompt, variation);
  if (instructed !== undefined) {
    return instructed;
  }
  const results = resultsIn(spoken);
  if (results.length > 0) {
    return `The result is: ${results.map(quote).join('; ')}`;
  }
  const history = spoken.slice(0, -1).map(readText);
  const files = findFiles(last);
  return [
    acknowledge('image', findImages(last).map(describeImage)),
    acknowledge('PDF', files.filter(isPdf).map(describeFile)),
    acknowledge('document', files.filter((file) => !isPdf(file)).map(describeFile)),
    answerTo(prompt, { history, variation }),
  ].join('');
}

const countMessageTokens = (message) =>
  [
    MESSAGE_TOKENS,
    countTokens(readText(message)),
    IMAGE_TOKENS * findImages(message).length,
    ...findFiles(message).map((file) => IMAGE_TOKENS + countTokens(readDocument(file))),
  ].reduce((sum, tokens) => sum + tokens);

export const countPromptTokens = (messages) =>
  messages.reduce((sum, message) => sum + countMessageTokens(message), 0);

export const countReasoning = (effort, cap) => Math.min(REASONING_TOKENS[effort], cap);

/** The last message of the user, which the answer is about. */
export const promptOf = (messages) =>
  readText(messages.findLast(({ role }) => role === 'user') ?? messages.at(-1));

function calledBy({ messages, offer, parallel }) {
  if (!offer) return [];
  const hasResults = messages.at(-1).role === 'tool';
  return callsFor(offer, { prompt: promptOf(messages), hasResults, parallel });
}

/**
 * One choice of the answer: `text` with its `tokens`, `refusal` or `calls`, and its finish reason.
 * `offer` lists the functions that may be called, `extend` is what the endpoint adds to the text.
 */
export function reply(conversation, { model, sampling, index = 0, maxTokens, extend }) {
  const nothing = { text: '', tokens: [], refusal: null, calls: [] };
  if (model.answers === 'filtered') {
    return { ...nothing, finish_reason: 'content_filter' };
  }
  if (model.answers === 'refusal') {
    return { ...nothing, refusal: REFUSAL, tokens: tokenize(REFUSAL), finish_reason: 'stop' };
  }
  const calls = calledBy(conversation);
  if (calls.length > 0) {
    const tokens = calls.flatMap((call) => tokenize(call.name + call.arguments));
    if (tokens.length <= maxTokens) {
      return { ...nothing, calls, tokens, finish_reason: 'tool_calls' };
    }
    return { ...nothing, tokens: tokens.slice(0, maxTokens), finish_reason: 'length' };
  }
  const text = textFor(conversation, chooseVariation(sampling, index));
  const finished = finish(extend?.(text) ?? text, { maxTokens, stop: sampling.stop });
  return { ...nothing, ...finished };
}
