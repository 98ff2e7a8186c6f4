import { badRequest } from '../../mock-api/api-failure.mjs';
import { generateImages, RULES } from '../../mock-api/images.mjs';
import {
  array,
  checkParameters,
  members,
  missing,
  string,
  url,
} from '../../mock-api/parameters.mjs';
import { dropdown, json, text, wholeNumber } from '../controls.mjs';
import { DEFAULT_IMAGE_MODEL } from '../core.mjs';
import { extraBody, result, sharedWithChat } from '../shared-fields.mjs';

const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';

const imageCount = wholeNumber('image_count', 'Number of images', {
  min: 1,
  max: 10,
  fallback: '1',
  placeholder: 'e.g. 3: data.images lists them, and each one is billed',
  help: 'With more than one, data.images lists them. All of them are billed.',
});
const imageExtraBody = extraBody('image_extra_body', {
  placeholder: 'e.g. {"frame_count": 12} for a GIF',
});

function image(name, value) {
  members({ image_url: url(20_971_520), file_id: string() })(name, value);
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
  value: 'image_generation',
  order: 40,
  name: 'Generate image',
  types: 'ImageGenerationOptions',
  summary: 'draws an image, or changes one',
  endpoints: ['/images/generations', '/images/edits'],
  data: 'ImageGenerationData',
  metadata: 'ImageGenerationMetadata',
  declarations: `
/** An image: base64 text from OpenAI's models; other servers may give a URL. */
export type GeneratedImage = { url: string } | { b64_json: string };

export interface ImageGenerationData {
  status: 'success';
  message: 'Image generated successfully';
  /** The first image. */
  data: GeneratedImage;
  /** All images as an Image component shows them: data URIs or URLs. Missing if one is too large. */
  images?: string[];
}

export interface ImageGenerationMetadata extends ModelMetadata {
  /** @unit seconds since 1970 */
  created?: number;
  size?: string;
  quality?: string;
  background?: string;
  output_format?: string;
  /** The prompt as the model rewrote it. */
  revised_prompt?: string;
}`,
  basic: [
    text('image_model', 'Model', {
      placeholder: `e.g. gpt-image-2.6-flare; ${DEFAULT_IMAGE_MODEL} if empty`,
      accepts: 'Model ID',
      fallback: DEFAULT_IMAGE_MODEL,
      help: 'Any image model that the server knows.',
      models: 'image',
    }),
    text('prompt', 'Prompt', {
      control: 'editor',
      mode: 'text',
      placeholder: 'What to draw, e.g. A lighthouse at dusk, watercolor',
      fallback: 'Required',
      help: 'What the image should show. Up to 32000 characters.',
    }),
    text('size', 'Size', {
      placeholder: 'e.g. 1536x1024; the model decides if empty',
      accepts: '`auto`, or width x height such as 1024x1024',
      fallback: 'set by the model',
      unit: 'pixels',
      help: 'Width and height in pixels, both divisible by 16.',
    }),
    json('images', 'Images', {
      control: 'line',
      placeholder: 'Images to change, e.g. {{components.filepicker1.file}}',
      accepts: 'Image URL, data URI, base64, file of a file picker, or a list of up to 16 of these',
      type: 'FileOption | FileOption[] | null',
      help: 'Images to start from. With them, Prompt says what to change; without them, a new image is drawn.',
    }),
    json('mask', 'Mask', {
      control: 'line',
      placeholder: 'A PNG that is transparent where the first image may change',
      accepts: 'Image URL, data URI, base64 or file of a file picker',
      type: 'FileOption | FileOption[] | null',
      help: 'The first of Images changes only where this image is transparent.',
      sample: PIXEL,
      needs: { images: 'https://example.com/a.png' },
    }),
  ],
  advanced: [
    result,
    dropdown('quality', 'Quality', {
      choices: [
        ['Auto', 'auto'],
        ['Low', 'low'],
        ['Medium', 'medium'],
        ['High', 'high'],
        ['Extra high', 'xhigh'],
        ['Max', 'max'],
      ],
      isOpen: true,
      help: 'Higher quality takes longer and costs more. Not every model accepts every value.',
    }),
    dropdown('complexity', 'Complexity', {
      choices: [
        ['Low', 'low'],
        ['Medium', 'medium'],
        ['High', 'high'],
      ],
      isOpen: true,
      help: 'How much the model plans before it draws, whatever the quality. Not every model accepts it.',
      sample: 'high',
    }),
    dropdown('background', 'Background', {
      choices: [
        ['Auto', 'auto'],
        ['Transparent', 'transparent'],
        ['Opaque', 'opaque'],
      ],
      isOpen: true,
      help: 'Transparent needs the output format PNG or WebP. Not every model accepts it.',
    }),
    dropdown('output_format', 'Output format', {
      choices: [
        ['PNG', 'png'],
        ['JPEG', 'jpeg'],
        ['WebP', 'webp'],
        ['GIF', 'gif'],
        ['SVG', 'svg'],
      ],
      isOpen: true,
      fallback: '`png`',
      help: 'The file format of the image. Not every model accepts every format.',
    }),
    wholeNumber('output_compression', 'Compression', {
      min: 0,
      max: 100,
      unit: 'percent',
      placeholder: '0 to 100, for JPEG and WebP; 100 if empty',
      fallback: 'set by the model',
      help: 'Quality of a JPEG or WebP after compression, in percent.',
      sample: 50,
    }),
    dropdown('image_moderation', 'Moderation', {
      choices: [
        ['Auto', 'auto'],
        ['Low', 'low'],
      ],
      isOpen: true,
      help: 'How strictly the API filters what it draws.',
      sample: 'low',
    }),
    imageCount,
    imageExtraBody,
  ],
  saved: [
    text('model', 'Model', {
      accepts: 'Model ID',
      fallback: 'none',
      help: "Read if `image_model` is not set and this names an image model, as in queries saved with ToolJet's own plugin.",
    }),
    sharedWithChat(imageCount, 'n'),
    sharedWithChat(imageExtraBody, 'extra_body'),
  ],
  savedQuery: {
    query: {
      image_model: 'gpt-image-2',
      prompt: 'a hat',
      size: '',
      images: [{ name: 'a.png', type: 'image/png', base64Data: 'iVBORw0KGgo=' }],
      mask: PIXEL,
    },
    path: '/images/edits',
    body: {
      model: 'gpt-image-2',
      prompt: 'a hat',
      images: [{ image_url: PIXEL }],
      mask: { image_url: PIXEL },
    },
  },
  mock: {
    '/images/edits': {
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
    },
  },
};
