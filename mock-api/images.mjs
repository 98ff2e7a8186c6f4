import { badRequest } from './api-failure.mjs';
import { drawImage } from './draw-image.mjs';
import { servedModel } from './models.mjs';
import { checkParameters, integer, noStream, oneOf, orNull, string } from './parameters.mjs';
import { countTokens, digest } from './tokens.mjs';

export const RULES = {
  required: ['prompt'],
  parameters: {
    prompt: string(32_000),
    background: orNull(oneOf('transparent', 'opaque', 'auto')),
    complexity: orNull(oneOf('low', 'medium', 'high')),
    frame_count: orNull(integer(2, 16)),
    frame_duration_ms: orNull(integer(0)),
    model: orNull(string()),
    moderation: orNull(oneOf('low', 'auto')),
    n: orNull(integer(1, 10)),
    output_compression: orNull(integer(0, 100)),
    output_format: orNull(oneOf('png', 'jpeg', 'webp', 'gif', 'svg')),
    partial_images: orNull(integer(0, 3)),
    quality: orNull(oneOf('standard', 'hd', 'low', 'medium', 'high', 'xhigh', 'max', 'auto')),
    response_format: orNull(oneOf('url', 'b64_json')),
    safety_identifier: orNull(string(128)),
    size: orNull(string()),
    stream: noStream,
    style: orNull(oneOf('vivid', 'natural')),
    user: string(),
  },
};

const DEFAULT_MODEL = 'gpt-image-2';

const GPT_IMAGE = {
  checkSize: checkFreeSize,
  qualities: ['low', 'medium', 'high', 'xhigh', 'max', 'auto'],
  foreign: ['response_format', 'style'],
};
/** The models before gpt-image-2, which support few sizes. */
const FIRST_GPT_IMAGE = {
  ...GPT_IMAGE,
  checkSize: oneOf('1024x1024', '1024x1536', '1536x1024', 'auto'),
};
/** Like other servers' models: returns URLs and accepts other options. */
const CLASSIC = {
  checkSize: oneOf('256x256', '512x512', '1024x1024', '1024x1792', '1792x1024'),
  qualities: ['standard', 'hd'],
  foreign: ['background', 'moderation', 'output_compression', 'output_format'],
};
const isClassic = (model) => model.id === 'mock-api-image';

function familyOf(model) {
  if (isClassic(model)) return CLASSIC;
  return /^gpt-image-1\b/.test(model.id) ? FIRST_GPT_IMAGE : GPT_IMAGE;
}

/** Any width and height divisible by 16, with a ratio from 1:3 to 3:1, up to 3840x2160. */
function checkFreeSize(name, size) {
  string()(name, size);
  if (size === 'auto') {
    return;
  }
  const [short, long] = (/^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(size) ?? [])
    .slice(1)
    .map(Number)
    .sort((a, b) => a - b);
  const wrong = (what) => badRequest(`Invalid size '${size}'. ${what}`, name, 'invalid_value');
  if (short % 16 > 0 || long % 16 > 0) {
    throw wrong('Width and height must both be divisible by 16.');
  }
  // The API's messages for these are unknown.
  if (short === undefined) throw wrong("Expected 'auto' or WIDTHxHEIGHT.");
  if (long > 3 * short || long > 3840 || short > 2160) {
    throw wrong('Expected a ratio from 1:3 to 3:1, and at most 3840x2160.');
  }
}

const isSet = (value) => value !== undefined && value !== null;

function checkFamily(family, body) {
  const foreign = family.foreign.find((name) => isSet(body[name]));
  if (foreign) {
    throw badRequest(`Unknown parameter: '${foreign}'.`, foreign, 'unknown_parameter');
  }
  if (isSet(body.size)) family.checkSize('size', body.size);
  if (isSet(body.quality)) oneOf(...family.qualities)('quality', body.quality);
  if (body.background === 'transparent' && body.output_format === 'jpeg') {
    // The API's message is unknown.
    throw badRequest(
      'Transparent background is not supported for JPEG output format.',
      'background',
      'invalid_value',
    );
  }
}

function gptImages(body, created) {
  const size = isSet(body.size) && body.size !== 'auto' ? body.size : '1024x1024';
  const format = body.output_format ?? 'png';
  const n = body.n ?? 1;
  const inputTokens = countTokens(body.prompt);
  const outputTokens = 272 * n;
  return {
    created,
    background: body.background === 'transparent' ? 'transparent' : 'opaque',
    output_format: format,
    quality: isSet(body.quality) && body.quality !== 'auto' ? body.quality : 'medium',
    size,
    data: Array.from({ length: n }, (_, index) => ({
      b64_json: drawImage(`${body.prompt} ${index}`, { size, format }).toString('base64'),
    })),
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { text_tokens: inputTokens, image_tokens: 0 },
      output_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    },
  };
}

function classicImages(body, { created, origin }) {
  const size = body.size ?? '1024x1024';
  const revised = { revised_prompt: `An image of: ${body.prompt}` };
  return {
    created,
    data: Array.from({ length: body.n ?? 1 }, (_, index) => {
      const seed = digest([body.prompt, index]);
      return body.response_format === 'b64_json'
        ? { ...revised, b64_json: drawImage(seed, { size }).toString('base64') }
        : { ...revised, url: `${origin}/images/${size}/${seed}.png` };
    }),
  };
}

export function generateImages(body, context) {
  checkParameters(body, RULES);
  const model = servedModel(body.model ?? DEFAULT_MODEL, 'images');
  checkFamily(familyOf(model), body);
  return isClassic(model) ? classicImages(body, context) : gptImages(body, context.created);
}
