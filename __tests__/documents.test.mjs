// Documents in Images and files, Prompt and Message history: their types, and the API that they
// need.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { validateRequest } from './openapi.mjs';
import { mockApi, refuse, sent, takesEverything } from './plugin.mjs';

const OFFICE = 'application/vnd.openxmlformats-officedocument';
const DOCX = `${OFFICE}.wordprocessingml.document`;
const XLSX = `${OFFICE}.spreadsheetml.sheet`;
const PPTX = `${OFFICE}.presentationml.presentation`;

const base64 = (bytes) => Buffer.from(bytes, 'latin1').toString('base64');
const archive = (...names) => base64(`PK\x03\x04\x14\x00\x08\x00${names.join('\x00')}PK\x05\x06`);
const WORD = archive('_rels/.rels', 'word/document.xml', 'docProps/app.xml');
const EXCEL = archive('[Content_Types].xml', 'xl/workbook.xml');
const BEFORE_2007 = base64('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00');
const PDF = base64('%PDF-1.4\n');
const PNG = base64('\x89PNG\r\n\x1a\n');
const CSV = base64('name,total\nAda,42\n');

beforeEach(() => mockApi.respondWith(takesEverything));

const chat = (options) => ({ operation: 'chat', prompt: 'What is it?', ...options });
const picked = (name, type, base64Data) => ({ name, type, base64Data, size: base64Data.length });
const inputFile = (filename, type, data) => ({
  type: 'input_file',
  filename,
  file_data: `data:${type};base64,${data}`,
});

/** Returns the path of a query's request, and the content parts of its last message except text. */
async function route(options) {
  const { path, body } = await sent(chat(options));
  assert.deepEqual(validateRequest('POST', path, body), []);
  const { content } = (body.input ?? body.messages).at(-1);
  return { path, parts: content.filter(({ type }) => !type.endsWith('text')) };
}

describe('a document in Images and files', () => {
  test('goes to Chat Completions when it is a PDF', async () => {
    const { path, parts } = await route({ images: [picked('a.pdf', 'application/pdf', PDF)] });
    const file = { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` };
    assert.deepEqual([path, parts], ['/v1/chat/completions', [{ type: 'file', file }]]);
  });

  for (const [name, type, data, mediaType] of [
    ['report.docx', DOCX, WORD, DOCX],
    ['report.docx', 'application/zip', WORD, DOCX],
    ['report.doc', 'application/msword', BEFORE_2007, 'application/msword'],
    ['table.xlsx', '', EXCEL, XLSX],
    ['table.xls', '', BEFORE_2007, 'application/vnd.ms-excel'],
    ['talk.pptx', PPTX, archive('ppt/presentation.xml'), PPTX],
    ['talk.ppt', '', BEFORE_2007, 'application/vnd.ms-powerpoint'],
    ['table.csv', 'text/csv', CSV, 'text/csv'],
    ['table.csv', 'application/vnd.ms-excel', CSV, 'text/csv'],
    ['table.tsv', 'text/tab-separated-values', CSV, 'text/tsv'],
    ['notes.txt', 'text/plain', CSV, 'text/plain'],
    ['notes.md', '', CSV, 'text/markdown'],
    ['data.json', 'application/json', CSV, 'application/json'],
    ['page.html', 'text/html', CSV, 'text/html'],
    ['feed.xml', 'application/xml', CSV, 'text/xml'],
    ['main.py', 'text/x-python-script', CSV, 'text/plain'],
    ['main.ts', 'video/mp2t', CSV, 'text/plain'],
    ['Main.java', '', CSV, 'text/plain'],
  ]) {
    test(`goes to Responses with its detected type: ${name}, stated as ${type || 'nothing'}`, async () => {
      const { path, parts } = await route({ images: [picked(name, type, data)] });
      assert.deepEqual([path, parts], ['/v1/responses', [inputFile(name, mediaType, data)]]);
    });
  }

  test('may be one of several, which keep their order', async () => {
    const images = [
      picked('a.pdf', 'application/pdf', PDF),
      picked('b', 'text/csv', CSV),
      picked('c.png', 'image/png', PNG),
      WORD,
    ];
    const { path, parts } = await route({ images });
    assert.equal(path, '/v1/responses');
    assert.deepEqual(parts, [
      inputFile('a.pdf', 'application/pdf', PDF),
      inputFile('b.csv', 'text/csv', CSV),
      { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' },
      inputFile('document.docx', DOCX, WORD),
    ]);
  });

  test('may be a URL, which Responses opens', async () => {
    for (const url of ['https://example.com/a.pdf', 'https://example.com/a.docx?x=1']) {
      const { path, parts } = await route({ images: url });
      assert.deepEqual([path, parts], ['/v1/responses', [{ type: 'input_file', file_url: url }]]);
    }
    const { path } = await route({ images: 'https://example.com/a.png' });
    assert.equal(path, '/v1/chat/completions');
  });

  test('is an error when API is set to Chat Completions', async () => {
    const images = [picked('report.docx', DOCX, WORD)];
    const description = await refuse(chat({ images, api: 'chat_completions' }));
    assert.match(description, /^Images and files needs the Responses API/);
  });
});

test('sends a query to Responses when the image detail is original', async () => {
  const images = 'https://example.com/a.png';
  const { path, parts } = await route({ images, image_detail: 'original' });
  const image = { type: 'input_image', image_url: images, detail: 'original' };
  assert.deepEqual([path, parts], ['/v1/responses', [image]]);
});

describe('a document as a content part', () => {
  const PART = inputFile('a.csv', 'text/csv', CSV);
  const { type: _, ...file } = PART;

  for (const part of [PART, { type: 'file', file }, { ...PART, file_data: CSV }]) {
    test(`is accepted in Prompt and Message history:  ${Object.keys(part)}`, async () => {
      const { path, parts } = await route({ api: 'responses', prompt: ['What is it?', part] });
      assert.deepEqual([path, parts], ['/v1/responses', [PART]]);
      const message_history = [{ role: 'user', content: [part] }];
      const { body } = await sent(chat({ api: 'responses', message_history }));
      assert.deepEqual(body.input[0].content, [PART]);
    });
  }

  test('may be an ID or a URL, which the API accepts without a name', async () => {
    for (const source of [{ file_id: 'file-1' }, { file_url: 'https://example.com/a.pdf' }]) {
      const part = { type: 'input_file', filename: 'a.pdf', ...source };
      const { parts } = await route({ prompt: ['What is it?', part], api: 'responses' });
      assert.deepEqual(parts, [{ type: 'input_file', ...source }]);
    }
  });
});

describe('a file that the API does not read', () => {
  const SECRET = 'c2VjcmV0LXRleHQ';
  const READ =
    'the API reads images, PDF, Word, Excel, PowerPoint, OpenDocument text, RTF, CSV, and other text and code.';

  for (const [reason, file, description] of [
    [
      'its type is not supported',
      picked('a.mp4', 'video/mp4', `AAAAIGZ0eXBt${SECRET}`),
      `(a.mp4) is a file of type video/mp4; ${READ}`,
    ],
    [
      'its type is unknown',
      picked('a.bin', '', `AAAA${SECRET}`),
      `(a.bin) is of an unknown type; ${READ}`,
    ],
    [
      'its content contradicts its name',
      picked('a.docx', DOCX, SECRET),
      '(a.docx) does not have the content of a .docx file; check that the file can be opened.',
    ],
    [
      'nothing tells its type',
      SECRET,
      'is of an unknown type; enter it as a data URI with its type, such as data:text/csv;base64,AAAA.',
    ],
    ['it is empty', picked('a.csv', 'text/csv', ''), '(a.csv) has no content.'],
    [
      'its data URI is not base64',
      { name: 'a.csv', dataURL: 'data:text/csv,secret' },
      '(a.csv) must have base64 in its data URI, such as data:text/csv;base64,AAAA.',
    ],
  ]) {
    test(`is an error with its place and name when ${reason}`, async () => {
      const images = ['https://example.com/a.png', file];
      assert.equal(await refuse(chat({ images })), `Images and files[1] ${description}`);
    });
  }

  test("is an error that uses the label of the operation's form", async () => {
    const images = 'cat.png';
    assert.match(await refuse(chat({ images })), /^Images and files must be an http/);
    const query = { operation: 'image_generation', prompt: 'a hat', images };
    assert.match(await refuse(query), /^Images must be an http/);
  });
});
