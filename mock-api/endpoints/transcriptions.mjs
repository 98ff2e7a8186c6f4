import { badRequest } from '../api-failure.mjs';
import { servedModel } from '../models.mjs';
import {
  array,
  checkParameters,
  missing,
  oneOf,
  string,
  unknownParameter,
} from '../parameters.mjs';

const NEWEST = 'gpt-transcribe';
const MODELS = [NEWEST, 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe', 'whisper-1'];
const FORMATS = ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm'];
const LISTS = ['keywords', 'languages'];

const RULES = {
  required: ['file', 'model'],
  parameters: {
    file: string(),
    model: string(),
    keywords: array(string()),
    languages: array(string(), { min: 1 }),
    language: string(),
    prompt: string(),
    response_format: oneOf('json'),
  },
};

/** The API goes by the extension of the name, and needs what it says. */
function checkFormat(file, name) {
  const extension = name.split('.').at(-1).toLowerCase();
  if (!FORMATS.includes(extension)) {
    const formats = FORMATS.map((each) => `'${each}'`).join(', ');
    throw badRequest(`Invalid file format. Supported formats: [${formats}]`);
  }
  if (extension === 'wav' && !/^RIFF.{4}WAVE/s.test(file)) {
    throw badRequest('Audio file might be corrupted or unsupported', 'file', 'invalid_value');
  }
}

/** The mock API hears what the comment of a WAV file says. */
function hear(file) {
  const at = file.indexOf('ICMT');
  if (at === -1) return 'I hear a sound.';
  const length = Buffer.from(file.slice(at + 4, at + 8), 'latin1').readUInt32LE();
  return file.slice(at + 8, at + 8 + length).replaceAll('\0', '');
}

export default {
  path: '/audio/transcriptions',
  serves: 'transcriptions',
  models: MODELS,
  isForm: true,
  answer(body, { files }) {
    if (body.file === undefined) throw missing('file');
    checkParameters(body, RULES);
    const { id } = servedModel(body.model, 'transcriptions');
    const unknown = LISTS.find((name) => body[name] !== undefined && !id.startsWith(NEWEST));
    if (unknown) throw unknownParameter(unknown);
    checkFormat(body.file, files?.file?.name ?? 'recording.wav');
    return {
      text: hear(body.file),
      ...(id.startsWith(NEWEST) && { languages: [{ code: body.languages?.[0] ?? 'en' }] }),
      usage: { type: 'duration', seconds: Math.ceil(body.file.length / 8_000) },
    };
  },
  example: {
    file: 'RIFF\x1a\0\0\0WAVELIST\x0e\0\0\0INFOICMT\x02\0\0\0a\0',
    model: NEWEST,
    keywords: ['b', 'c'],
    languages: ['en'],
    language: 'en',
    prompt: 'd',
    response_format: 'json',
  },
};
