import { badRequest } from './api-failure.mjs';
import { findContinuation } from './continuations.mjs';
import { checkContext, checkFamilyRules, servedModel } from './models.mjs';
import { array, boolean, checkParameters, either, integer, orNull, string } from './parameters.mjs';
import { chooseVariation, SAMPLING } from './sampling.mjs';
import { countTokens, digest, finish, logprobs, tokenize } from './tokens.mjs';

const RULES = {
  required: ['model', 'prompt'],
  parameters: {
    model: string(),
    prompt: orNull(
      either(
        string(),
        array(string()),
        array(integer(0), { min: 1 }),
        array(array(integer(0), { min: 1 }), { min: 1 }),
      ),
    ),
    ...SAMPLING,
    best_of: orNull(integer(0, 20)),
    echo: orNull(boolean),
    logprobs: orNull(integer(0, 5)),
    max_tokens: orNull(integer(0)),
    suffix: orNull(string()),
  },
};

/** The API's own default, which truncates most answers. */
const DEFAULT_MAX_TOKENS = 16;

function readPrompts(prompt) {
  if (prompt === null) return ['<|endoftext|>'];
  if (typeof prompt === 'string') return [prompt];
  if (typeof prompt[0] === 'number') return [prompt.join(' ')];
  return prompt.map((each) => (typeof each === 'string' ? each : each.join(' ')));
}

/**
 * OpenAI leaves the first entry of an echoed prompt null. Its own document says number, and the
 * mock API follows the document.
 */
function buildLogprobs(tokens, count) {
  const measured = tokens.map((token) => logprobs(token, count));
  const offsets = [];
  let offset = 0;
  for (const token of tokens) {
    offsets.push(offset);
    offset += token.length;
  }
  return {
    tokens,
    token_logprobs: measured.map(({ logprob }) => logprob),
    top_logprobs: measured.map(({ top }) => Object.fromEntries(top)),
    text_offset: offsets,
  };
}

export function complete(body, { created }) {
  checkParameters(body, RULES);
  const model = servedModel(body.model, 'completions');
  checkFamilyRules(model, body);
  const n = body.n ?? 1;
  const candidates = body.best_of ?? n;
  if (candidates < n) {
    throw badRequest('best_of must be greater than n', 'best_of');
  }
  const maxTokens = body.max_tokens ?? DEFAULT_MAX_TOKENS;
  const prompts = readPrompts(body.prompt);
  const promptTokens = prompts.reduce((sum, prompt) => sum + countTokens(prompt), 0);
  checkContext(model, promptTokens + maxTokens);

  let completionTokens = 0;
  const choices = prompts.flatMap((prompt, promptIndex) =>
    Array.from({ length: candidates }, (_, candidate) => {
      const variation = chooseVariation(body, candidate);
      const text = findContinuation(prompt, { suffix: body.suffix, variation });
      const finished = finish(text, { maxTokens, stop: body.stop });
      completionTokens += finished.tokens.length;
      const echoed = body.echo ? prompt : '';
      return {
        text: echoed + finished.text,
        index: promptIndex * n + candidate,
        logprobs: Number.isInteger(body.logprobs)
          ? buildLogprobs([...tokenize(echoed), ...finished.tokens], body.logprobs)
          : null,
        finish_reason: finished.finish_reason,
      };
    }).slice(0, n),
  );

  return {
    id: `cmpl-${digest(body)}`,
    object: 'text_completion',
    created,
    model: model.resolved,
    choices,
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
    system_fingerprint: 'fp_mock_api',
  };
}
