// Transcribe: how a recording is sent, and responses of servers other than OpenAI's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiError, fail, MINIMAL_QUERIES, mockApi, refuse, sent, succeed } from './plugin.mjs';

const QUERY = MINIMAL_QUERIES.transcription;
/** The value of ToolJet's audio recorder: WebM labeled as WAV. */
const RECORDED = {
  dataURL: 'data:audio/wav;base64,GkXfowEAAAA=',
  blobURL: 'blob:http://localhost/1',
};
const textResponse = (body) => ({ headers: { 'content-type': 'text/plain' }, body });

test('names a recording by its first bytes, whatever its label', async () => {
  mockApi.respondWith({ body: { text: 'Hello.' } });
  for (const file of [RECORDED, RECORDED.dataURL, [RECORDED]]) {
    const { files, body } = await sent({ ...QUERY, file });
    assert.deepEqual(files.file, { name: 'recording.webm', type: 'audio/webm', size: 8 });
    assert.equal(body.file, '\x1aE\xdf\xa3\x01\0\0\0');
  }
});

test('returns the text, with details in metadata', async () => {
  const { data, metadata } = await succeed({ ...QUERY, languages: 'de' });
  assert.equal(data, 'Hi.');
  const { duration_ms, ...answered } = metadata;
  assert.ok(Number.isInteger(duration_ms), duration_ms);
  assert.deepEqual(answered, {
    endpoint: 'audio/transcriptions',
    model: 'gpt-transcribe',
    languages: ['de'],
    usage: { type: 'duration', seconds: 1 },
    request_id: metadata.request_id,
    attempts: 1,
  });
  assert.match(metadata.request_id, /^req_/);
});

test('supports an older model, and reports what it was sent instead of lists', async () => {
  const query = { ...QUERY, transcription_model: 'whisper-1', keywords: 'Ada', languages: 'en' };
  const { metadata } = await succeed(query);
  assert.deepEqual(metadata.adjusted, [{ parameter: 'keywords', change: 'renamed', to: 'prompt' }]);
  const { body } = mockApi.requests.at(-1);
  assert.deepEqual([body.language, body.prompt, body.languages], ['en', 'Ada', undefined]);
});

test('accepts plain text from a server, and reports a web page as an error', async () => {
  mockApi.respondWith(textResponse(' Hello there.\n'));
  assert.equal((await succeed(QUERY)).data, 'Hello there.');
  mockApi.respondWith(textResponse('<!DOCTYPE html><html><title>Sign in</title></html>'));
  const { data, description } = await fail(QUERY);
  assert.equal(data.code, 'invalid_response');
  assert.match(description, /an HTML page/);
});

test('names the field and the formats when a file is not a recording', async () => {
  const file = { name: 'notes.txt', type: 'text/plain', base64Data: 'SGVsbG8=' };
  assert.equal(
    await refuse({ ...QUERY, file }),
    'Recording (notes.txt) is not in an audio format that the API takes; convert it to FLAC, M4A, MP3, MP4, MPEG, Ogg, WAV or WebM.',
  );
});

test('gives advice when the API rejects a recording', async () => {
  const message = 'Audio file might be corrupted or unsupported';
  mockApi.respondWith(apiError(400, { message, param: 'file', code: 'invalid_value' }));
  const { data } = await fail(QUERY);
  assert.equal(data.param, 'file');
  assert.match(data.hint, /^Check that Recording can be played/);
});

test('asks for a shorter recording when a gateway limits the size of requests', async () => {
  mockApi.respondWith({ status: 413, body: '<html><title>413 Too Large</title></html>' });
  const { data } = await fail(QUERY);
  assert.equal(data.status, 413);
  assert.match(data.hint, /Send less: a shorter Recording/);
});
