import { badRequest } from '../api-failure.mjs';
import { generateImages, RULES } from '../images.mjs';
import { array, checkParameters, members, missing, string } from '../parameters.mjs';

function uri(name, value) {
  string(20_971_520)(name, value);
  if (!URL.canParse(value)) throw badRequest(`Invalid '${name}': expected a URL.`, name);
}

function image(name, value) {
  members({ image_url: uri, file_id: string() })(name, value);
  const [unknown] = Object.keys(value).filter((key) => !['image_url', 'file_id'].includes(key));
  if (unknown) throw badRequest(`Unknown parameter: '${name}.${unknown}'.`, `${name}.${unknown}`);
  if (value.image_url === undefined && value.file_id === undefined) {
    throw missing(`${name}.image_url`);
  }
}

const { response_format, style, ...shared } = RULES.parameters;
const EDIT = {
  required: ['images', 'prompt'],
  parameters: { ...shared, images: array(image, { min: 1, max: 16 }), mask: image },
};

export default {
  path: '/images/edits',
  serves: 'images',
  answer(body, context) {
    checkParameters(body, EDIT);
    if (body.prompt === '') throw badRequest("Invalid 'prompt': empty string.", 'prompt');
    const { images, mask, ...rest } = body;
    return generateImages(rest, context);
  },
  example: {
    model: 'gpt-image-2',
    prompt: 'hills',
    images: [{ image_url: 'https://example.com/a.png' }],
    mask: { image_url: 'https://example.com/b.png' },
    background: 'opaque',
    moderation: 'low',
    n: 1,
    output_compression: 50,
    output_format: 'png',
    quality: 'low',
    size: '1024x1024',
    user: 'u',
  },
};
