import { badRequest, notFound } from './api-failure.mjs';
import { countPromptTokens, countReasoning, FAILURE, promptOf, reply } from './conversation.mjs';
import { readText } from './messages.mjs';
import { checkContext, checkFamilyRules, RESPONSES, readEffort, servedModel } from './models.mjs';
import { moderationOfResponse } from './moderated.mjs';
import { asResponseFormat, checkInputMentionsJson } from './response-format.mjs';
import {
  checkCallsAreAnswered,
  checkItemsAreKnown,
  itemsOf,
  messagesOf,
} from './responses/input.mjs';
import {
  callItem,
  messageItem,
  reasoningItem,
  repeated,
  searchItem,
  usageOf,
} from './responses/output.mjs';
import { checkParameters, LOGPROBS, SOURCES } from './responses/parameters.mjs';
import { search, withCitations } from './responses/web-search.mjs';
import { digest } from './tokens.mjs';

/** The mock API stores nothing, so it knows no earlier response. */
function checkState({ input: given, previous_response_id: previous, conversation }) {
  if (previous) {
    throw badRequest(
      `Previous response with id '${previous}' not found.`,
      'previous_response_id',
      'previous_response_not_found',
    );
  }
  if (conversation) {
    throw notFound(`Conversation with id '${conversation.id ?? conversation}' not found.`);
  }
  if (!given?.length) {
    throw badRequest(
      `One of "input" or "previous_response_id" or 'prompt' or 'conversation_id' must be provided.`,
      'input',
      'missing_required_parameter',
    );
  }
}

function checkToolChoice({ tools = [], tool_choice: choice }) {
  const isOffered = ({ type, name }) =>
    tools.some((each) => each.type === type && each.name === name);
  if (choice?.type && choice.type !== 'allowed_tools' && !isOffered(choice)) {
    throw badRequest(`Tool choice '${choice.type}' not found in 'tools' parameter.`, 'tool_choice');
  }
}

/** Models with a mode that takes more time to think. */
function checkMode(model, { reasoning }) {
  if (reasoning?.mode === 'pro' && !model.id.startsWith('gpt-6')) {
    throw badRequest(
      "Unsupported value: 'reasoning.mode' does not support 'pro' with this model. Supported values are: 'standard'.",
      'reasoning.mode',
      'unsupported_value',
    );
  }
}

/** The body under the names that the rules of model families use. */
const asChat = (body, items) => ({
  messages: items,
  temperature: body.temperature,
  top_p: body.top_p,
  top_logprobs: body.top_logprobs,
  max_completion_tokens: body.max_output_tokens,
  reasoning_effort: body.reasoning?.effort,
});

const functionsOf = ({ tools = [], tool_choice: choice = 'auto' }) => ({
  functions: tools.filter(({ type }) => type === 'function'),
  choice: choice.name ?? (typeof choice === 'string' ? choice : 'auto'),
});

const searchToolOf = ({ tools = [], tool_choice: choice }) =>
  choice === 'none' ? undefined : tools.find(({ type }) => type === 'web_search');

const INCOMPLETE = { length: 'max_output_tokens', content_filter: 'content_filter' };

export function respond(body, { created }) {
  checkParameters(body);
  checkState(body);
  const items = itemsOf(body.input);
  checkItemsAreKnown(items, body);
  checkCallsAreAnswered(items);
  checkToolChoice(body);
  checkInputMentionsJson(body.text?.format, messagesOf({ items }).map(readText));
  const model = servedModel(body.model, 'responses');
  const rules = asChat(body, items);
  checkFamilyRules(model, rules, RESPONSES);
  checkMode(model, body);
  const messages = messagesOf({ instructions: body.instructions, items });
  const inputTokens = countPromptTokens(messages);
  checkContext(model, inputTokens, 'input');

  const { stream: _, ...rest } = body;
  const id = digest(rest);
  const response = {
    id: `resp_${id}`,
    object: 'response',
    created_at: created,
    status: 'completed',
    completed_at: created,
    error: null,
    incomplete_details: null,
    ...repeated(body, model),
    model: model.resolved,
    output: [],
  };
  if (model.answers === 'failure') {
    const error = { code: FAILURE.code, message: FAILURE.message };
    return { ...response, status: 'failed', completed_at: null, error };
  }

  const prompt = promptOf(messages);
  const cap = body.max_output_tokens ?? Number.POSITIVE_INFINITY;
  const reasoning = countReasoning(readEffort(model, rules), cap);
  const searchTool = searchToolOf(body);
  const isJson = body.text?.format !== undefined && body.text.format.type !== 'text';
  const found = searchTool && search(searchTool, prompt);
  const format = body.text?.format && asResponseFormat(body.text.format);
  const replied = reply(
    { messages, format, offer: functionsOf(body), parallel: body.parallel_tool_calls ?? true },
    {
      model,
      sampling: body,
      maxTokens: cap - reasoning,
      extend: (text) => (found && !isJson ? withCitations(text, found) : text),
    },
  );
  const reason = INCOMPLETE[replied.finish_reason];
  const status = reason ? 'incomplete' : 'completed';
  const include = body.include ?? [];
  const logprobs = include.includes(LOGPROBS) ? (body.top_logprobs ?? 0) : undefined;
  const { calls, refusal, text } = replied;
  const isSilent = calls.length > 0 || (text === '' && refusal === null);
  const output = [
    ...(reasoning > 0 ? [reasoningItem(id, body.reasoning ?? {}, prompt)] : []),
    ...(found ? [searchItem(id, found, include.includes(SOURCES))] : []),
    ...calls.map(callItem),
    ...(isSilent ? [] : [messageItem(id, { ...replied, status, found, logprobs })]),
  ];
  return {
    ...response,
    status,
    completed_at: reason ? null : created,
    incomplete_details: reason ? { reason } : null,
    output,
    ...moderationOfResponse(body, messages.map(readText).join('\n'), text),
    usage: usageOf(inputTokens, reasoning, replied.tokens.length + reasoning),
  };
}
