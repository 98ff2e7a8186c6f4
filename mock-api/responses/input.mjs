// The input of the Responses API: its items, and their equivalent messages of Chat Completions.

import { badRequest, notFound } from '../api-failure.mjs';
import { bytesOf, EXTENSIONS, extensionOf } from '../documents.mjs';
import {
  array,
  either,
  exactly,
  imageAddress,
  integer,
  missing,
  object,
  oneOf,
  orNull,
  string,
  unknownParameter,
} from '../parameters.mjs';

const BREAKPOINT = { prompt_cache_breakpoint: exactly({ mode: oneOf('explicit') }, ['mode']) };

const noFileId = (_, id) => {
  throw badRequest(`No such File object: ${id}`, 'id');
};

function address(name, value) {
  imageAddress(name, value);
  if (!/^(?:https?:\/\/\S+|data:image\/[\w.+-]+;base64,[\w+/=]+)$/.test(value)) {
    throw badRequest(
      `Invalid '${name}'. Expected a valid URL, but got a value with an invalid format.`,
      name,
      'invalid_value',
    );
  }
}

function documentAddress(name, value) {
  string()(name, value);
  if (!URL.canParse(value) || !/^https?:/.test(value)) {
    throw badRequest(`Invalid '${name}'. Expected a valid URL.`, name, 'invalid_value');
  }
}

function checkFile(name, file) {
  exactly(
    {
      type: string(),
      filename: string(),
      file_data: string(),
      file_url: documentAddress,
      file_id: orNull(noFileId),
      detail: oneOf('auto', 'low', 'high'),
      ...BREAKPOINT,
    },
    [],
  )(name, file);
  const given = ['file_data', 'file_url'].filter((member) => file[member] !== undefined);
  if (given.length !== 1) {
    throw given.length === 0
      ? missing(`${name}.file_id`)
      : badRequest(
          `Mutually exclusive parameters: '${name}.file_data' and '${name}.file_url'.`,
          name,
          'mutually_exclusive_parameters',
        );
  }
  if (file.file_data === undefined) return;
  if (file.filename === undefined) throw missing(`${name}.filename`);
  if (!EXTENSIONS.includes(extensionOf(file.filename))) {
    throw badRequest(
      `Invalid input: Expected context stuffing file type to be a supported format: ${EXTENSIONS.map((each) => `.${each}`).join(', ')} but got .${extensionOf(file.filename)}.`,
      'input',
      'unsupported_file',
    );
  }
  if (!bytesOf(file.file_data)?.length) {
    throw badRequest(
      `Invalid '${name}.file_data'. Expected a base64-encoded data URL with a MIME type (e.g. 'data:application/pdf;base64,...'), but got a value that is none.`,
      `${name}.file_data`,
      'invalid_value',
    );
  }
}

const CITATION = {
  type: oneOf('url_citation'),
  url: string(),
  title: string(),
  start_index: integer(0),
  end_index: integer(0),
};

const PARTS = {
  input_text: exactly({ type: string(), text: string(), ...BREAKPOINT }, ['text']),
  input_image: (name, part) => {
    exactly(
      {
        type: string(),
        image_url: orNull(address),
        file_id: orNull(noFileId),
        detail: oneOf('low', 'high', 'auto', 'original'),
        ...BREAKPOINT,
      },
      [],
    )(name, part);
    if (!part.image_url) throw missing(`${name}.image_url`);
  },
  input_file: checkFile,
  output_text: exactly(
    {
      type: string(),
      text: string(),
      annotations: array(exactly(CITATION, Object.keys(CITATION))),
      logprobs: array(object),
    },
    ['text'],
  ),
  refusal: exactly({ type: string(), refusal: string() }, ['refusal']),
};
const INPUT = ['input_text', 'input_image', 'input_file'];
const OUTPUT = ['output_text', 'refusal'];

const parts = (types) =>
  array((name, part) => {
    object(name, part);
    oneOf(...types)(`${name}.type`, part.type);
    PARTS[part.type](name, part);
  });

const STATUS = oneOf('in_progress', 'completed', 'incomplete');

function checkMessage(name, item) {
  oneOf('user', 'assistant', 'system', 'developer')(`${name}.role`, item.role);
  const own = item.role === 'assistant';
  exactly(
    {
      type: string(),
      role: string(),
      id: string(),
      status: STATUS,
      content: either(string(), parts(own ? OUTPUT : INPUT)),
      ...(own && { phase: orNull(oneOf('commentary', 'final_answer')) }),
    },
    ['content'],
  )(name, item);
}

const OUTPUT_OF_TOOL = either(string(10_485_760), parts(INPUT));

/** The members of each type of item other than the type, and the required ones. */
const ITEMS = {
  message: checkMessage,
  function_call: exactly(
    {
      type: string(),
      id: string(),
      call_id: string(64),
      name: string(),
      arguments: string(),
      status: STATUS,
    },
    ['call_id', 'name', 'arguments'],
  ),
  function_call_output: exactly(
    {
      type: string(),
      id: orNull(string()),
      call_id: string(64),
      output: OUTPUT_OF_TOOL,
      status: orNull(STATUS),
    },
    ['call_id', 'output'],
  ),
  custom_tool_call: exactly(
    { type: string(), id: string(), call_id: string(64), name: string(), input: string() },
    ['call_id', 'name', 'input'],
  ),
  custom_tool_call_output: exactly(
    { type: string(), id: string(), call_id: string(64), output: OUTPUT_OF_TOOL },
    ['call_id', 'output'],
  ),
  // Its `status` is only for output.
  reasoning: exactly(
    {
      type: string(),
      id: string(),
      summary: array(exactly({ type: string(), text: string() }, ['type', 'text'])),
      content: array(object),
      encrypted_content: orNull(string()),
    },
    // A client that stores nothing omits the id.
    ['summary'],
  ),
  web_search_call: exactly(
    {
      type: string(),
      id: string(),
      status: oneOf('in_progress', 'searching', 'completed', 'failed'),
      action: object,
    },
    ['id', 'status', 'action'],
  ),
  item_reference: exactly({ type: orNull(string()), id: string() }, ['id']),
};

/** A message may omit its type. */
const typeOf = (item) => item.type ?? (item.role === undefined ? 'item_reference' : 'message');

function checkItem(name, item) {
  object(name, item);
  if (item.type === undefined && item.role === undefined && item.id === undefined) {
    throw item.content === undefined
      ? missing(`${name}.type`)
      : unknownParameter(`${name}.content`);
  }
  if (item.type !== undefined) oneOf(...Object.keys(ITEMS))(`${name}.type`, item.type);
  ITEMS[typeOf(item)](name, item);
}

export const input = either(string(), array(checkItem));

/** The items of an input. */
export const itemsOf = (given) =>
  typeof given === 'string' ? [{ role: 'user', content: given }] : given;

/**
 * Throws for items of earlier responses: this API stores none, and only reasoning can be sent back
 * in full.
 */
export function checkItemsAreKnown(items, { store }) {
  for (const { id, encrypted_content: reasoning } of items) {
    if (id && !reasoning) {
      const advice =
        store === false
          ? ' Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.'
          : '';
      throw notFound(`Item with id '${id}' not found.${advice}`, 'input');
    }
  }
}

/** Throws unless each call has its output, and each output its call. */
export function checkCallsAreAnswered(items) {
  const idsOf = (type) => items.filter((item) => item.type === type).map((item) => item.call_id);
  for (const [type, what] of [
    ['function_call', 'function call'],
    ['custom_tool_call', 'custom tool call'],
  ]) {
    const [calls, outputs] = [idsOf(type), idsOf(`${type}_output`)];
    const unasked = outputs.find((id) => !calls.includes(id));
    if (unasked !== undefined) {
      throw badRequest(`No tool call found for ${what} output with call_id ${unasked}.`, 'input');
    }
    const unanswered = calls.find((id) => !outputs.includes(id));
    if (unanswered !== undefined) {
      throw badRequest(`No tool output found for ${what} ${unanswered}.`, 'input');
    }
  }
}

const CHAT_PARTS = {
  input_text: ({ text }) => ({ type: 'text', text }),
  output_text: ({ text }) => ({ type: 'text', text }),
  refusal: ({ refusal }) => ({ type: 'refusal', refusal }),
  input_image: ({ image_url: url, detail }) => ({ type: 'image_url', image_url: { url, detail } }),
  input_file: ({ type: _, ...file }) => ({ type: 'file', file }),
};

const contentOf = (content) =>
  typeof content === 'string' ? content : content.map((part) => CHAT_PARTS[part.type](part));

const CALLS = {
  function_call: ({ call_id: id, name, arguments: given }) => ({
    id,
    type: 'function',
    function: { name, arguments: given },
  }),
  custom_tool_call: ({ call_id: id, name, input: given }) => ({
    id,
    type: 'custom',
    custom: { name, input: given },
  }),
};

/** The conversation in the messages of Chat Completions, with the calls of one turn in one message. */
export function messagesOf({ instructions, items }) {
  const messages = instructions ? [{ role: 'system', content: instructions }] : [];
  for (const item of items) {
    const last = messages.at(-1);
    if (typeOf(item) === 'message') {
      messages.push({ role: item.role, content: contentOf(item.content) });
    } else if (CALLS[item.type]) {
      const call = CALLS[item.type](item);
      if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
      else messages.push({ role: 'assistant', content: null, tool_calls: [call] });
    } else if (item.output !== undefined) {
      messages.push({ role: 'tool', tool_call_id: item.call_id, content: contentOf(item.output) });
    }
  }
  return messages;
}
