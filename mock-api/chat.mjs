import { ApiFailure, badRequest } from './api-failure.mjs';
import { countPromptTokens, countReasoning, FAILURE, reply } from './conversation.mjs';
import { messages, readText } from './messages.mjs';
import {
  checkContext,
  checkFamilyRules,
  checkToolsBesideEffort,
  readEffort,
  servedModel,
  servedTier,
} from './models.mjs';
import { moderation, moderationOfChat } from './moderated.mjs';
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
import { checkMentionsJson, responseFormat } from './response-format.mjs';
import { SAMPLING } from './sampling.mjs';
import { describeTokens, digest } from './tokens.mjs';
import { chatFunctions, chatTool, chatToolChoice } from './tools.mjs';

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
    moderation,
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
    tool_choice: chatToolChoice,
    tools: array(chatTool),
    top_logprobs: orNull(integer(0, 20)),
    verbosity: orNull(oneOf('low', 'medium', 'high')),
    web_search_options: object,
  },
};

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

/** The message in which the model says, refuses or calls something. */
const messageFrom = ({ text, refusal, calls }) => ({
  role: 'assistant',
  content: calls.length > 0 || refusal !== null ? null : text,
  refusal,
  annotations: [],
  ...(calls.length > 0 && {
    tool_calls: calls.map(({ id, ...called }) => ({ id, type: 'function', function: called })),
  }),
});

function buildLogprobs({ tokens, refusal }, count) {
  const told = describeTokens(tokens, count);
  return refusal === null ? { content: told, refusal: null } : { content: null, refusal: told };
}

export function chat(body, { created }) {
  checkParameters(body, RULES);
  checkCombinations(body);
  checkMentionsJson(body.response_format, body.messages.map(readText));
  const model = servedModel(body.model, 'chat');
  checkFamilyRules(model, body);
  checkToolsBesideEffort(model, body);
  const promptTokens = countPromptTokens(body.messages);
  checkContext(model, promptTokens, 'messages');
  if (model.answers === 'failure') {
    throw new ApiFailure(500, FAILURE);
  }

  const cap = body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY;
  const reasoning = countReasoning(readEffort(model, body), cap);
  const conversation = {
    messages: body.messages,
    format: body.response_format,
    offer: chatFunctions(body),
    parallel: body.parallel_tool_calls,
  };
  let textTokens = 0;
  const n = body.n ?? 1;
  const choices = Array.from({ length: n }, (_, index) => {
    const replied = reply(conversation, {
      model,
      sampling: body,
      index,
      maxTokens: cap - reasoning,
    });
    textTokens += replied.tokens.length;
    return {
      index,
      message: messageFrom(replied),
      logprobs: body.logprobs ? buildLogprobs(replied, body.top_logprobs ?? 0) : null,
      finish_reason: replied.finish_reason,
    };
  });

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
    ...moderationOfChat(
      body,
      body.messages.map(readText).join('\n'),
      choices.map(({ message }) => readText(message)),
    ),
    ...(body.store && { metadata: body.metadata ?? null }),
    service_tier: servedTier(body),
    system_fingerprint: 'fp_mock_api',
  };
}
