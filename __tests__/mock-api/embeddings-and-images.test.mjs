import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateRequest } from '../openapi.mjs';
import { answer, EMBEDDINGS, IMAGES, refused } from './client.mjs';
import { VARIANTS } from './variants.mjs';

describe('embeddings and images of the mock API', () => {
  const vectors = async (body) =>
    (await answer(EMBEDDINGS, { model: 'text-embedding-3-small', ...body })).data.map(
      ({ embedding }) => embedding,
    );
  const cosine = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);

  it('embeds strings that share words close to each other', async () => {
    const [sea, alsoSea, street] = await vectors({
      input: ['a calm sea at night', 'the calm sea', 'three busy streets'],
    });
    assert.equal(sea.length, 1536);
    assert.ok(Math.abs(cosine(sea, sea) - 1) < 1e-6);
    assert.ok(cosine(sea, alsoSea) > cosine(sea, street));
  });

  it('embeds the same numbers as base64', async () => {
    const input = 'a calm sea';
    const [floats] = await vectors({ input, dimensions: 8 });
    const [text] = await vectors({ input, dimensions: 8, encoding_format: 'base64' });
    const bytes = Buffer.from(text, 'base64');
    const decoded = floats.map((_, index) => bytes.readFloatLE(index * 4));
    assert.deepEqual(decoded, floats);
  });

  it('rejects embeddings of empty input, of too many dimensions and of chat models', async () => {
    const refusal = (body) => refused(EMBEDDINGS, { model: 'text-embedding-3-small', ...body });
    assert.equal((await refusal({ input: '' })).param, 'input');
    assert.equal((await refusal({ input: [] })).param, 'input');
    assert.equal((await refusal({ input: 'x', dimensions: 1537 })).param, 'dimensions');
    assert.equal((await refusal({ input: 'x', model: 'gpt-5.4' })).status, 403);
  });

  it('rejects more texts or tokens than the API accepts at once', async () => {
    const refusal = (input) =>
      refused(EMBEDDINGS, { model: 'text-embedding-3-small', dimensions: 1, input });
    assert.equal((await refusal(new Array(2049).fill('x'))).param, 'input');
    const long = new Array(60).fill('word '.repeat(6_000));
    assert.equal((await refusal(long)).code, 'max_tokens_per_request');
  });

  it('draws an image of the requested size', async () => {
    const { data } = await answer(IMAGES, VARIANTS[IMAGES]['a GPT image']);
    const png = Buffer.from(data[0].b64_json, 'base64');
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1536, 1024]);
    assert.notEqual(data[0].b64_json, data[1].b64_json);
  });

  it('returns a URL where the image can be fetched', async () => {
    const { data } = await answer(IMAGES, VARIANTS[IMAGES]['an address']);
    const response = await fetch(data[0].url);
    assert.equal(response.headers.get('content-type'), 'image/png');
    assert.ok((await response.arrayBuffer()).byteLength > 1000);
  });

  it('draws any size within the limits, with dated models too', async () => {
    const draw = (size) => ({ model: 'gpt-image-2-2026-04-21', prompt: 'hills', size });
    for (const size of ['1536x864', '64x192', '2160x3840', 'auto']) {
      assert.deepEqual(validateRequest('POST', IMAGES, draw(size)), []);
      assert.equal((await answer(IMAGES, draw(size))).data.length, 1);
    }
    for (const size of ['1000x1000', '64x208', '3856x2160', '2176x2176', '1536', '1536 x 864']) {
      assert.equal((await refused(IMAGES, draw(size))).param, 'size', size);
    }
  });

  it('distinguishes the image models', async () => {
    const param = async (body) => (await refused(IMAGES, { prompt: 'hills', ...body })).param;
    assert.equal(
      await param({ model: 'gpt-image-1.5', response_format: 'url' }),
      'response_format',
    );
    assert.equal(await param({ model: 'gpt-image-1.5', size: '256x256' }), 'size');
    assert.equal(await param({ model: 'mock-api-image', background: 'opaque' }), 'background');
    assert.equal((await refused(IMAGES, { model: 'dall-e-3', prompt: 'hills' })).status, 404);
    assert.equal(await param({ model: 'gpt-5.4' }), 'model');
  });
});
