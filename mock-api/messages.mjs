import { badRequest } from './api-failure.mjs';
import { pdfFrom } from './document.mjs';
import { array, object, oneOf, string } from './parameters.mjs';

function checkFile(name, file) {
  object(name, file);
  for (const member of ['file_id', 'filename', 'file_data']) {
    if (file[member] !== undefined) string()(`${name}.${member}`, file[member]);
  }
  if (file.file_id !== undefined) {
    throw badRequest(`No such File object: ${file.file_id}`, 'id');
  }
  if (file.file_data === undefined || file.filename === undefined) {
    const missing = file.file_data === undefined ? 'file_id' : 'filename';
    throw badRequest(
      `Missing required parameter: '${name}.${missing}'.`,
      `${name}.${missing}`,
      'missing_required_parameter',
    );
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
      oneOf('auto', 'low', 'high', 'original')(`${name}.image_url.detail`, part.image_url.detail);
    }
  },
  input_audio: (name, part) => object(`${name}.input_audio`, part.input_audio),
  file: (name, part) => checkFile(`${name}.file`, part.file),
  refusal: (name, part) => string()(`${name}.refusal`, part.refusal),
};

const PARTS_OF_ROLE = {
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
};

function checkContent(name, { role, content, tool_calls: toolCalls, function_call: call }) {
  if (typeof content === 'string') {
    return;
  }
  const mayBeNull = (role === 'assistant' && (toolCalls || call)) || role === 'function';
  if ((content === null || content === undefined) && mayBeNull) {
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
    },
    { min: 1 },
  )(`${name}.content`, content);
}

function checkMessage(name, message) {
  object(name, message);
  if (message.role === undefined) {
    throw badRequest(
      `Missing required parameter: '${name}.role'.`,
      `${name}.role`,
      'missing_required_parameter',
    );
  }
  oneOf(...ROLES)(`${name}.role`, message.role);
  checkContent(name, message);
  if (message.role === 'tool') {
    string()(`${name}.tool_call_id`, message.tool_call_id);
  }
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
