import { answerTo, quote } from './answers.mjs';
import { badRequest } from './api-failure.mjs';
import { findContinuation, INSERTIONS } from './continuations.mjs';
import { pdfFrom, readPdfText } from './document.mjs';
import { findFiles, findImages, isInstruction, messages, readText } from './messages.mjs';
import { checkContext, checkFamilyRules, readEffort, servedModel } from './models.mjs';
import {
  array,
  boolean,
  checkParameters,
  either,
  integer,
  metadata,
  object,
  oneOf,
  orNull,
  string,
} from './parameters.mjs';
import { checkMentionsJson, jsonAnswer, responseFormat } from './response-format.mjs';
import { chooseVariation, SAMPLING } from './sampling.mjs';
import { countTokens, digest, finish, logprobs } from './tokens.mjs';

const RULES = {
  required: ['model', 'messages'],
  parameters: {
    model: string(),
    messages,
    ...SAMPLING,
    audio: orNull(object),
    function_call: either(string(), object),
    functions: array(object, { min: 1, max: 128 }),
    logprobs: orNull(boolean),
    max_completion_tokens: orNull(integer(1)),
    max_tokens: orNull(integer(1)),
    metadata,
    modalities: orNull(array(oneOf('text', 'audio'))),
    moderation: orNull(object),
    parallel_tool_calls: boolean,
    prediction: orNull(object),
    prompt_cache_key: orNull(string()),
    prompt_cache_options: object,
    prompt_cache_retention: orNull(oneOf('in_memory', '24h')),
    reasoning_effort: orNull(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
    response_format: responseFormat,
    safety_identifier: orNull(string(128)),
    service_tier: orNull(oneOf('auto', 'default', 'flex', 'scale', 'priority', 'fast')),
    store: orNull(boolean),
    tool_choice: either(string(), object),
    tools: array(object),
    top_logprobs: orNull(integer(0, 20)),
    verbosity: orNull(oneOf('low', 'medium', 'high')),
    web_search_options: object,
  },
};

/** The number of reasoning tokens before the first token of the answer. */
const REASONING_TOKENS = { none: 0, minimal: 8, low: 24, medium: 64, high: 160, xhigh: 320 };
const IMAGE_TOKENS = 85;
const MESSAGE_TOKENS = 3;

const SERVICE_TIERS = { auto: 'default', fast: 'priority' };

function checkCombinations(body) {
  if (Number.isInteger(body.max_tokens) && Number.isInteger(body.max_completion_tokens)) {
    throw badRequest(
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
      'max_tokens',
      'invalid_parameter_combination',
    );
  }
  if (Number.isInteger(body.top_logprobs) && !body.logprobs) {
    throw badRequest("'top_logprobs' is only allowed when 'logprobs' is true.", 'top_logprobs');
  }
}

function describeImage({ url }) {
  const data = /^data:(image\/[\w.+-]+);base64,(.*)$/.exec(url);
  return data
    ? `${data[1]}, ${Buffer.from(data[2], 'base64').length} bytes`
    : `from ${new URL(url).host}`;
}

function describeFile({ filename, file_data: data }) {
  const pdf = pdfFrom(data);
  const text = readPdfText(pdf);
  return `${filename}, ${pdf.length} bytes${text && `, which begins with “${quote(text)}”`}`;
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

/** Returns the answer that the instructions ask for: a continuation, or text before a suffix. */
function asInstructed(texts, instructions, prompt, variation) {
  const whole = texts.join('\n');
  const insertion = INSERTIONS.find((each) => includesBoth(whole, each));
  if (LEAD_UP.test(instructions) && insertion) {
    return insertion.text;
  }
  return CONTINUE.test(instructions) ? findContinuation(prompt, { variation }) : undefined;
}

function answer(body, variation) {
  const spoken = body.messages.filter((message) => !isInstruction(message));
  const last = spoken.at(-1) ?? body.messages.at(-1);
  const prompt = readText(last);
  const json = jsonAnswer(body.response_format, prompt);
  if (json !== undefined) {
    return json;
  }
  const instructions = body.messages.filter(isInstruction).map(readText).join('\n');
  const instructed = asInstructed(body.messages.map(readText), instructions, prompt, variation);
  if (instructed !== undefined) {
    return instructed;
  }
  const history = spoken.slice(0, -1).map(readText);
  return [
    acknowledge('image', findImages(last).map(describeImage)),
    acknowledge('PDF', findFiles(last).map(describeFile)),
    answerTo(prompt, { history, variation }),
  ].join('');
}

const toBytes = (token) => [...Buffer.from(token)];

const buildLogprobs = (tokens, count) => ({
  content: tokens.map((token) => {
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
  }),
  refusal: null,
});

const countFileTokens = ({ file_data: data }) =>
  IMAGE_TOKENS + countTokens(readPdfText(pdfFrom(data)));

const countMessageTokens = (message) =>
  [
    MESSAGE_TOKENS,
    countTokens(readText(message)),
    IMAGE_TOKENS * findImages(message).length,
    ...findFiles(message).map(countFileTokens),
  ].reduce((sum, tokens) => sum + tokens);

const countPromptTokens = (body) =>
  body.messages.reduce((sum, message) => sum + countMessageTokens(message), 0);

export function chat(body, { created }) {
  checkParameters(body, RULES);
  checkCombinations(body);
  checkMentionsJson(body, body.messages.map(readText));
  const model = servedModel(body.model, 'chat');
  checkFamilyRules(model, body);
  const promptTokens = countPromptTokens(body);
  checkContext(model, promptTokens, 'messages');

  const cap = body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY;
  const reasoning = Math.min(REASONING_TOKENS[readEffort(model, body)], cap);
  let textTokens = 0;
  const n = body.n ?? 1;
  const choices = Array.from({ length: n }, (_, index) => {
    const finished = finish(answer(body, chooseVariation(body, index)), {
      maxTokens: cap - reasoning,
      stop: body.stop,
    });
    textTokens += finished.tokens.length;
    return {
      index,
      message: { role: 'assistant', content: finished.text, refusal: null, annotations: [] },
      logprobs: body.logprobs ? buildLogprobs(finished.tokens, body.top_logprobs ?? 0) : null,
      finish_reason: finished.finish_reason,
    };
  });

  const tier = body.service_tier ?? 'auto';
  const completionTokens = textTokens + reasoning * n;
  return {
    id: `chatcmpl-${digest(body)}`,
    object: 'chat.completion',
    created,
    model: model.resolved,
    choices,
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: reasoning * n,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    },
    ...(body.store && { metadata: body.metadata ?? null }),
    service_tier: SERVICE_TIERS[tier] ?? tier,
    system_fingerprint: 'fp_mock_api',
  };
}
