import { badRequest } from '../../mock-api/api-failure.mjs';
import { servedModel } from '../../mock-api/models.mjs';
import {
  array,
  checkParameters,
  missing,
  oneOf,
  string,
  unknownParameter,
} from '../../mock-api/parameters.mjs';
import { json, text } from '../controls.mjs';
import { constant } from '../core.mjs';
import { result } from '../shared-fields.mjs';

const DEFAULT_MODEL = constant('DEFAULT_TRANSCRIPTION_MODEL');
/** Recordings of half a millisecond. */
const WAV =
  'data:audio/wav;base64,UklGRkAAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgATElTVBAAAABJTkZPSUNNVAQAAABIaS4AZGF0YQQAAACAgICA';
const OTHER_WAV =
  'data:audio/wav;base64,UklGRkIAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgATElTVBIAAABJTkZPSUNNVAYAAABIZWxsby5kYXRhBAAAAICAgIA=';

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

/** The API relies on the file extension, and on matching content. */
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

/** The mock API "hears" the comment of a WAV file. */
function hear(file) {
  const at = file.indexOf('ICMT');
  if (at === -1) return 'I hear a sound.';
  const length = Buffer.from(file.slice(at + 4, at + 8), 'latin1').readUInt32LE();
  return file.slice(at + 8, at + 8 + length).replaceAll('\0', '');
}

export default {
  value: 'transcription',
  order: 50,
  name: 'Transcribe',
  types: 'TranscriptionOptions',
  summary: 'turns a recording into text',
  endpoints: ['/audio/transcriptions'],
  data: 'string',
  metadata: 'TranscriptionMetadata',
  declarations: `
export interface TranscriptionMetadata extends ModelMetadata {
  /** The model that answered, if the server says so; otherwise the requested one. */
  model: string;
  /** The detected languages, such as \`en\`; missing if the server names none. */
  languages?: string[];
  /**
   * The length of the recording, if the server reports it next to the usage.
   * @unit seconds
   */
  duration?: number;
}`,
  basic: [
    json('file', 'Recording', {
      control: 'line',
      placeholder: 'e.g. {{components.audiorecorder1.dataURL}}, or a picked file',
      accepts: 'Data URI, base64, or file of a file picker or an audio recorder',
      fallback: 'Required',
      type: 'FileOption | FileOption[]',
      help: 'What to transcribe: FLAC, M4A, MP3, MP4, MPEG, Ogg, WAV or WebM of up to 25 MB.',
      sample: OTHER_WAV,
    }),
    text('transcription_model', 'Model', {
      placeholder: `${DEFAULT_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_MODEL,
      help: 'Any transcription model that the server knows.',
      models: 'transcription',
      sample: `${DEFAULT_MODEL}-mini`,
    }),
    json('keywords', 'Keywords', {
      control: 'line',
      placeholder: 'e.g. ToolJet, Ada Lovelace',
      accepts: 'Text separated by commas, or a JSON array of strings',
      type: 'TextOption | string[]',
      help: 'Names and terms that may be spoken, as they are spelled.',
      sample: ['ToolJet', 'Ada Lovelace'],
    }),
    json('languages', 'Languages', {
      control: 'line',
      placeholder: 'e.g. en, de; the model listens for any if empty',
      accepts: 'Two-letter codes: text separated by commas, or a JSON array of strings',
      type: 'TextOption | string[]',
      help: 'The languages that may be spoken, as two-letter codes. The model is more accurate if it does not have to guess.',
      sample: ['de'],
    }),
  ],
  advanced: [
    result,
    text('prompt', 'Prompt', {
      control: 'editor',
      mode: 'text',
      placeholder: 'What the recording is about, or the text that comes before it',
      help: 'What the recording is about, or the text that comes before it, in the spoken language.',
      sample: 'A call about an invoice.',
    }),
  ],
  about:
    "Turns speech into text. The recording comes from ToolJet's Audio recorder or File picker. Its first bytes show its format, so a mislabeled recording is sent correctly.",
  examples: [
    {
      title: 'Transcribe a recording',
      query: { file: '{{components.audiorecorder1.dataURL}}' },
      result: {
        data: 'Please send invoice 1042 again.',
        metadata: { model: 'gpt-transcribe', languages: ['en'] },
      },
    },
    {
      title: 'Expect names',
      query: {
        file: '{{components.audiorecorder1.dataURL}}',
        keywords: 'ToolJet, Ada Lovelace',
        languages: 'en, de',
      },
    },
  ],
  notes:
    'Run the query once for each recording. Only `gpt-transcribe` takes Keywords and several Languages. For any other model, such as Whisper or an Azure deployment with another name, Keywords become part of the prompt, and several languages are left out; `metadata.adjusted` says so. Groq, LocalAI, vLLM and servers with faster-whisper need the name of their model, and limit the size of a recording themselves.',
  trial: { query: { file: WAV } },
  savedQuery: {
    query: {
      file: { dataURL: 'data:audio/wav;base64,GkXfowEAAAA=', blobURL: 'blob:http://h/1' },
      transcription_model: '',
      keywords: 'ToolJet, Ada',
      languages: 'en',
      prompt: 'hidden',
    },
    path: '/audio/transcriptions',
    body: {
      model: 'gpt-transcribe',
      keywords: ['ToolJet', 'Ada'],
      languages: ['en'],
      file: '\x1aE\xdf\xa3\x01\0\0\0',
    },
  },
  mock: {
    '/audio/transcriptions': {
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
    },
  },
};
