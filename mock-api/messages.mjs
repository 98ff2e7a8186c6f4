import { badRequest } from './api-failure.mjs';
import { pdfFrom } from './document.mjs';
import { array, members, missing, object, oneOf, orNull, string } from './parameters.mjs';

function checkFile(name, file) {
  object(name, file);
  for (const member of ['file_id', 'filename', 'file_data']) {
    if (file[member] !== undefined) string()(`${name}.${member}`, file[member]);
  }
  if (file.file_id !== undefined) {
    throw badRequest(`No such File object: ${file.file_id}`, 'id');
  }
  if (file.file_data === undefined || file.filename === undefined) {
    throw missing(`${name}.${file.file_data === undefined ? 'file_id' : 'filename'}`);
  }
  if (!pdfFrom(file.file_data)) {
    throw badRequest(
      `Invalid '${name}.file_data'. Expected a base64-encoded data URL of a file with the MIME type application/pdf.`,
      `${name}.file_data`,
      'invalid_value',
    );
  }
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];

const PARTS = {
  text: (name, part) => string()(`${name}.text`, part.text),
  image_url: (name, part) => {
    object(`${name}.image_url`, part.image_url);
    string()(`${name}.image_url.url`, part.image_url.url);
    if (!/^(?:https?:\/\/\S+|data:image\/[\w.+-]+;base64,[\w+/=]+)$/.test(part.image_url.url)) {
      throw badRequest(
        `Invalid '${name}.image_url.url'. Expected a valid URL or a base64 data URL of an image.`,
        `${name}.image_url.url`,
        'invalid_image_url',
      );
    }
    if (part.image_url.detail !== undefined) {
      oneOf('auto', 'low', 'high')(`${name}.image_url.detail`, part.image_url.detail);
    }
  },
  input_audio: (name, part) =>
    members({ data: string(), format: oneOf('wav', 'mp3') }, ['data', 'format'])(
      `${name}.input_audio`,
      part.input_audio,
    ),
  file: (name, part) => checkFile(`${name}.file`, part.file),
  refusal: (name, part) => string()(`${name}.refusal`, part.refusal),
};

const PARTS_OF_ROLE = {
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
};

/** Members that an assistant's message may have instead of content. */
const INSTEAD_OF_CONTENT = ['tool_calls', 'function_call', 'audio', 'refusal'];

function checkContent(name, message) {
  const { role, content } = message;
  if (typeof content === 'string') {
    return;
  }
  const hasOther = role === 'assistant' && INSTEAD_OF_CONTENT.some((member) => message[member]);
  if ((content === null || content === undefined) && hasOther) {
    return;
  }
  if (role === 'function') {
    orNull(string())(`${name}.content`, content);
    return;
  }
  if (!Array.isArray(content)) {
    throw badRequest(
      `Invalid value for 'content': expected a string, got ${content === undefined ? 'nothing' : (JSON.stringify(content) ?? 'null')}.`,
      `${name}.content`,
    );
  }
  array(
    (at, part) => {
      object(at, part);
      oneOf(...(PARTS_OF_ROLE[role] ?? ['text']))(`${at}.type`, part.type);
      PARTS[part.type](at, part);
      if (part.prompt_cache_breakpoint !== undefined) {
        members({ mode: oneOf('explicit') }, ['mode'])(
          `${at}.prompt_cache_breakpoint`,
          part.prompt_cache_breakpoint,
        );
      }
    },
    { min: 1 },
  )(`${name}.content`, content);
}

const CALL = {
  function: members({ name: string(), arguments: string() }, ['name', 'arguments']),
  custom: members({ name: string(), input: string() }, ['name', 'input']),
};

function checkToolCall(name, call) {
  object(name, call);
  string()(`${name}.id`, call.id);
  oneOf('function', 'custom')(`${name}.type`, call.type);
  CALL[call.type](`${name}.${call.type}`, call[call.type]);
}

/** The members of a message other than its role and content. */
const MEMBERS = {
  system: members({ name: string() }),
  developer: members({ name: string() }),
  user: members({ name: string() }),
  assistant: members({
    name: string(),
    refusal: orNull(string()),
    audio: orNull(members({ id: string() }, ['id'])),
    tool_calls: array(checkToolCall, { min: 1 }),
    function_call: orNull(CALL.function),
  }),
  tool: members({ tool_call_id: string() }, ['tool_call_id']),
  function: members({ name: string() }, ['name']),
};

function checkMessage(name, message) {
  object(name, message);
  oneOf(...ROLES)(`${name}.role`, message.role);
  MEMBERS[message.role](name, message);
  checkContent(name, message);
}

export const messages = array(checkMessage, { min: 1 });

const listParts = ({ content }) =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);

export const readText = (message) =>
  listParts(message)
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text)
    .join('\n');

export const findImages = (message) =>
  listParts(message)
    .filter(({ type }) => type === 'image_url')
    .map(({ image_url: image }) => image);

export const findFiles = (message) =>
  listParts(message)
    .filter(({ type }) => type === 'file')
    .map(({ file }) => file);

export const isInstruction = ({ role }) => role === 'system' || role === 'developer';
