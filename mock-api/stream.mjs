/**
 * Turns a whole answer into the chunks of a stream, as the API sends it: token by token, then the
 * finish reasons, then the moderation results and the usage if requested.
 */

import { tokenize } from './tokens.mjs';

/** The log probabilities of a single token. */
function logprobsAt(logprobs, at) {
  if (!logprobs) return null;
  return Object.fromEntries(
    Object.entries(logprobs).map(([name, list]) => [name, list?.slice(at, at + 1) ?? null]),
  );
}

function* chatPieces({ index, message, logprobs }) {
  const { content, refusal, tool_calls: calls = [], ...rest } = message;
  const chunk = (delta, piece = null) => ({ index, delta, logprobs: piece, finish_reason: null });
  yield chunk({ ...rest, refusal: null, content: content === null ? null : '' });
  for (const [at, token] of tokenize(content ?? '').entries()) {
    yield chunk({ content: token }, logprobsAt(logprobs, at));
  }
  for (const [at, token] of tokenize(refusal ?? '').entries()) {
    yield chunk({ refusal: token }, logprobsAt(logprobs, at));
  }
  for (const [at, { function: called, ...call }] of calls.entries()) {
    yield chunk({
      tool_calls: [{ index: at, ...call, function: { ...called, arguments: '' } }],
    });
    for (const token of tokenize(called.arguments)) {
      yield chunk({ tool_calls: [{ index: at, function: { arguments: token } }] });
    }
  }
}

function* completionPieces({ index, text, logprobs }) {
  // With an echo, prompt and text are tokenized separately.
  for (const [at, token] of (logprobs?.tokens ?? tokenize(text)).entries()) {
    yield { text: token, index, logprobs: logprobsAt(logprobs, at), finish_reason: null };
  }
}

function* chunks({ choices, usage, moderation, ...head }, { includesUsage }) {
  const isChat = head.object === 'chat.completion';
  const shared = { ...head, object: isChat ? 'chat.completion.chunk' : head.object };
  const chunk = (choice) => ({
    ...shared,
    choices: [choice],
    ...(includesUsage && { usage: null }),
  });
  for (const choice of choices) {
    for (const piece of isChat ? chatPieces(choice) : completionPieces(choice)) yield chunk(piece);
  }
  for (const { index, finish_reason } of choices) {
    const last = isChat ? { delta: {} } : { text: '' };
    yield chunk({ index, ...last, logprobs: null, finish_reason });
  }
  if (moderation) yield { ...shared, choices: [], moderation };
  if (includesUsage) yield { ...shared, choices: [], usage };
}

/** The events of the answer to a request that asks for a stream. */
export function eventsOf(answer, { stream_options: options }) {
  const includesUsage = options?.include_usage === true;
  const data = Array.from(chunks(answer, { includesUsage }), (chunk) => JSON.stringify(chunk));
  return [...data, '[DONE]'].map((text) => `data: ${text}\n\n`);
}
