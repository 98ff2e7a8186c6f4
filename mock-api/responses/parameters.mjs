// The parameters of the Responses API.

import { badRequest } from '../api-failure.mjs';
import { moderation } from '../moderated.mjs';
import {
  array,
  boolean,
  either,
  exactly,
  integer,
  metadata,
  missing,
  number,
  object,
  oneOf,
  orNull,
  string,
  unknownParameter,
} from '../parameters.mjs';
import { textFormat } from '../response-format.mjs';
import { CUSTOM, choiceWord, FUNCTION } from '../tools.mjs';
import { input } from './input.mjs';
import { WEB_SEARCH } from './web-search.mjs';

const TOOLS = {
  function: exactly({ type: string(), ...FUNCTION, parameters: orNull(object) }, ['name']),
  custom: exactly({ type: string(), ...CUSTOM }, ['name']),
  web_search: WEB_SEARCH,
};

function tool(name, value) {
  object(name, value);
  oneOf(...Object.keys(TOOLS))(`${name}.type`, value.type);
  TOOLS[value.type](name, value);
}

const NAMED = exactly({ type: string(), name: string() }, ['name']);
const CHOICES = {
  function: NAMED,
  custom: NAMED,
  web_search: exactly({ type: string() }, []),
  allowed_tools: exactly(
    { type: string(), mode: oneOf('auto', 'required'), tools: array(object) },
    ['mode', 'tools'],
  ),
};

function toolChoice(name, choice) {
  if (typeof choice === 'string') {
    choiceWord(name, choice);
    return;
  }
  object(name, choice);
  oneOf(...Object.keys(CHOICES))(`${name}.type`, choice.type);
  CHOICES[choice.type](name, choice);
}

/** Additional output that a request may include. */
export const SOURCES = 'web_search_call.action.sources';
export const LOGPROBS = 'message.output_text.logprobs';
const INCLUDABLE = [
  'file_search_call.results',
  'web_search_call.results',
  SOURCES,
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  LOGPROBS,
];
const SUMMARIES = orNull(oneOf('auto', 'concise', 'detailed'));

const PARAMETERS = {
  background: orNull(boolean),
  context_management: orNull(array(object, { min: 1 })),
  conversation: orNull(either(string(), object)),
  include: orNull(array(oneOf(...INCLUDABLE))),
  input: orNull(input),
  instructions: orNull(string()),
  max_output_tokens: orNull(integer(16)),
  max_tool_calls: orNull(integer()),
  metadata,
  model: string(),
  moderation,
  parallel_tool_calls: orNull(boolean),
  previous_response_id: orNull(string()),
  prompt: orNull(object),
  prompt_cache_key: orNull(string()),
  prompt_cache_options: object,
  prompt_cache_retention: orNull(oneOf('in_memory', '24h')),
  reasoning: orNull(
    exactly(
      {
        effort: orNull(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
        summary: SUMMARIES,
        generate_summary: SUMMARIES,
        mode: oneOf('standard', 'pro'),
        context: orNull(oneOf('auto', 'current_turn', 'all_turns')),
      },
      [],
    ),
  ),
  safety_identifier: orNull(string(128)),
  service_tier: orNull(oneOf('auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast')),
  store: orNull(boolean),
  stream: orNull(boolean),
  stream_options: orNull(exactly({ include_obfuscation: boolean }, [])),
  temperature: orNull(number(0, 2)),
  text: exactly({ format: textFormat, verbosity: orNull(oneOf('low', 'medium', 'high')) }, []),
  tool_choice: toolChoice,
  tools: array(tool),
  top_logprobs: orNull(integer(0, 20)),
  top_p: orNull(number(0, 1)),
  truncation: orNull(oneOf('auto', 'disabled')),
  user: string(),
};

/** Parameters of Chat Completions that have another name here. */
const MOVED = {
  max_completion_tokens: 'max_output_tokens',
  max_tokens: 'max_output_tokens',
  messages: 'input',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
};

function checkKnown(name) {
  if (Object.hasOwn(MOVED, name)) {
    throw badRequest(
      `Unsupported parameter: '${name}'. In the Responses API, this parameter has moved to '${MOVED[name]}'. Try again with the new parameter.`,
      name,
      'unsupported_parameter',
    );
  }
  if (!Object.hasOwn(PARAMETERS, name)) {
    throw unknownParameter(name);
  }
}

/** Checks a whole body. Unlike Chat Completions, this endpoint rejects unknown members. */
export function checkParameters(body) {
  Object.keys(body).forEach(checkKnown);
  if (body.model === undefined) throw missing('model');
  for (const [name, value] of Object.entries(body)) PARAMETERS[name](name, value);
}
