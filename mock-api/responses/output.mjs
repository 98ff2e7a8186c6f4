// The content of a response: the items of its output, and the parts of the request that it repeats.

import { readEffort, servedTier } from '../models.mjs';
import { describeTokens } from '../tokens.mjs';
import { annotate } from './web-search.mjs';

export function reasoningItem(id, { summary }, prompt) {
  const text = `**Reading the question**\n\nThe question is “${prompt.trim().slice(0, 80)}”, so I answer that.`;
  return {
    id: `rs_${id}`,
    type: 'reasoning',
    encrypted_content: Buffer.from(`reasoning of ${id}`).toString('base64'),
    summary: summary ? [{ type: 'summary_text', text }] : [],
  };
}

export const searchItem = (id, { query, pages }, includesSources) => ({
  id: `ws_${id}`,
  type: 'web_search_call',
  status: 'completed',
  action: {
    type: 'search',
    query,
    queries: [query],
    ...(includesSources && { sources: pages.map(({ url }) => ({ type: 'url', url })) }),
  },
});

export const callItem = ({ id, name, arguments: given }) => ({
  id: `fc_${id.replace(/^call_/, '')}`,
  type: 'function_call',
  status: 'completed',
  call_id: id,
  name,
  arguments: given,
});

export function messageItem(id, { text, refusal, tokens, status, found, logprobs }) {
  const part =
    refusal === null
      ? {
          type: 'output_text',
          annotations: found ? annotate(text, found) : [],
          logprobs: logprobs === undefined ? [] : describeTokens(tokens, logprobs),
          text,
        }
      : { type: 'refusal', refusal };
  return {
    id: `msg_${id}`,
    type: 'message',
    status,
    content: [part],
    phase: 'final_answer',
    role: 'assistant',
  };
}

/** The request's settings, as every response repeats them. */
export function repeated(body, model) {
  const { reasoning, text } = body;
  const effort = readEffort(model, { reasoning_effort: reasoning?.effort });
  const summary = reasoning?.summary ?? null;
  return {
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: {
      effort: model.efforts ? effort : null,
      summary: summary === 'auto' ? 'detailed' : summary,
      ...(reasoning?.mode && { mode: reasoning.mode }),
    },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: servedTier(body),
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: text?.format ?? { type: 'text' }, verbosity: text?.verbosity ?? 'medium' },
    tool_choice: body.tool_choice ?? 'auto',
    tools: (body.tools ?? []).map((each) =>
      each.type === 'function' ? { strict: true, parameters: null, ...each } : each,
    ),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
  };
}

export const usageOf = (inputTokens, reasoning, outputTokens) => ({
  input_tokens: inputTokens,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: outputTokens,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: inputTokens + outputTokens,
});
