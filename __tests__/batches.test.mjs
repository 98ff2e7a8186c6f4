// Batches through the built plugin and the mock API: started, asked for and fetched, with the ids as the only state.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { validateBatchRow, validateRequest } from './openapi.mjs';
import { fail, inProcess, KEY, mockApi, refuse, rowsOf, source, succeed } from './plugin.mjs';

const DAY = 24 * 60 * 60;
const MODEL = 'gpt-4o-mini';
/** More than the model may read, so that the API rejects the row. */
const TOO_LONG = 'a '.repeat(130_000);

const start = (options, sourceOptions) =>
  succeed({ operation: 'batch_start', model: MODEL, ...options }, sourceOptions);
const startEmbedding = (input, options) =>
  succeed({ operation: 'batch_start', batch_task: 'embedding', input, ...options });
const get = (batch_id, options) => succeed({ operation: 'batch_result', batch_id, ...options });

/** Gets a batch until it is done. */
async function finish(batch_id, options) {
  for (let asks = 0; asks < 10; asks += 1) {
    const result = await get(batch_id, options);
    if (Array.isArray(result.data)) return result;
  }
  throw new Error('the batch does not finish');
}

const api = (path, method = 'GET') =>
  fetch(mockApi.baseUrl + path, { method, headers: { authorization: `Bearer ${KEY}` } });
const cancel = (id) => api(`/batches/${id}/cancel`, 'POST');

/** The rows of the files that were uploaded, file by file. */
const uploaded = () =>
  Promise.all(mockApi.requests.filter(({ path }) => path === '/v1/files').map(rowsOf));

const tickets = (count) => Array.from({ length: count }, (_, index) => `Ticket ${index}`);
/** The mock API quotes the prompt, with an end mark. */
const isAnswerTo = (answer, prompt) => answer?.includes(`“${prompt}.”`);

describe('a batch', () => {
  test('is started, asked for and fetched with the answers in the order of the prompts', async () => {
    const prompts = tickets(30);
    const { data } = await start({ prompts });
    assert.deepEqual(data, { batch_ids: ['batch_mock_api_000001'], rows: 30 });
    const running = await get(data.batch_ids);
    assert.equal(running.data.status, 'in_progress');
    assert.deepEqual(running.data.counts, { total: 30, completed: 15, failed: 0 });
    const done = await finish(data.batch_ids);
    assert.deepEqual(
      done.data.map((answer, index) => isAnswerTo(answer, prompts[index])),
      prompts.map(() => true),
    );
    assert.deepEqual(done.metadata.failed, []);
    assert.equal(done.metadata.rows, 30);
    assert.equal(done.metadata.answered, 30);
    assert.ok(done.metadata.usage.total_tokens > 30 * 10);
  });

  test('has the answers that a list has', async () => {
    const prompts = ['a calm sea', 'hills at dawn'];
    const shared = { model: MODEL, system_prompt: 'Be brief.', temperature: '0.5' };
    const list = await succeed({ operation: 'chat_list', prompts, ...shared });
    const { data } = await start({ prompts, ...shared });
    const batch = await finish(data);
    assert.deepEqual(batch.data, list.data);
    assert.deepEqual(batch.metadata.usage, list.metadata.usage);
  });

  test('is named by one ID, by several, or by what Start a batch returned', async () => {
    const { data } = await start({ prompts: ['a'] });
    const [id] = data.batch_ids;
    const whole = await finish(id);
    for (const named of [[id], data, JSON.stringify(data), JSON.stringify([id]), ` ${id} `]) {
      assert.deepEqual((await get(named)).data, whole.data, JSON.stringify(named));
    }
  });

  test('is returned in pages, with the index of each row in the list that was started', async () => {
    const prompts = tickets(7);
    prompts[3] = TOO_LONG;
    const { data } = await start({ prompts });
    const whole = await finish(data);
    const pages = [];
    for (let first = 0; first < data.rows; first += 3) {
      pages.push(await get(data, { first_row: first, rows: '3' }));
    }
    assert.deepEqual(
      pages.map(({ metadata: { first_row, rows, total_rows } }) => [first_row, rows, total_rows]),
      [
        [0, 3, 7],
        [3, 3, 7],
        [6, 1, 7],
      ],
    );
    assert.deepEqual(
      pages.flatMap((page) => page.data),
      whole.data,
    );
    assert.deepEqual(
      pages.flatMap(({ metadata }) => metadata.failed),
      whole.metadata.failed,
    );
    const only = await get(data, { first_row: 3, rows: 1 });
    assert.deepEqual(only.data, [null]);
    assert.deepEqual(only.metadata.failed, whole.metadata.failed);
    const failed = await fail({ operation: 'batch_result', batch_id: data, first_row: 7 });
    assert.match(failed.description, /^First row must be less than 7, the number of rows, got 7/);
  });

  test('returns vectors in pages when one result has no room for all, and says how many fit', async () => {
    const input = tickets(2_800);
    const { data } = await startEmbedding(input);
    await finish(data, { rows: 1 });
    const failed = await fail({ operation: 'batch_result', batch_id: data });
    assert.equal(failed.data.code, 'response_too_large');
    const rows = Number(/set Rows to (\d+) or less/.exec(failed.data.hint)[1]);
    assert.equal(rows, 2_700);
    const first = await get(data, { rows });
    const rest = await get(data, { first_row: rows, rows });
    assert.deepEqual([first.data.length, rest.data.length], [2_700, 100]);
    const [expected] = (
      await succeed({ operation: 'generate_embedding', input: [input[rows], input[0]] })
    ).data.embeddings;
    assert.deepEqual(rest.data[0], expected);
  });

  test('returns the same to another process that knows its ID', async () => {
    const { data } = await start({ prompts: ['a', TOO_LONG, 'c'] });
    const here = await finish(data);
    const query = { operation: 'batch_result', batch_id: data.batch_ids };
    const { results } = await inProcess({ calls: [{ source: source(), query }] });
    assert.deepEqual(results[0].data, here.data);
    assert.deepEqual(results[0].metadata.failed, here.metadata.failed);
  });

  test('names the rows that the API has rejected', async () => {
    const { data } = await start({ prompts: ['a', TOO_LONG, 'c'] });
    const { data: answers, metadata } = await finish(data);
    assert.deepEqual(
      answers.map((answer) => answer !== null),
      [true, false, true],
    );
    assert.deepEqual(
      metadata.failed.map(({ index, code }) => [index, code]),
      [[1, 'context_length_exceeded']],
    );
    assert.match(metadata.failed[0].description, /128000 tokens/);
  });

  test('returns the answers so far when it has expired, and names the other rows', async () => {
    const { data } = await start({ prompts: tickets(6) });
    await get(data);
    mockApi.passTime(DAY);
    const { data: answers, metadata } = await finish(data);
    assert.equal(answers.filter((answer) => answer !== null).length, 3);
    assert.deepEqual(
      metadata.failed.map(({ code }) => code),
      ['batch_expired', 'batch_expired', 'batch_expired'],
    );
    for (const { index } of metadata.failed) assert.equal(answers[index], null);
  });

  test('returns the answers so far when it was cancelled, and names the other rows', async () => {
    const { data } = await start({ prompts: tickets(6) });
    await get(data);
    await cancel(data.batch_ids[0]);
    const { data: answers, metadata } = await finish(data);
    assert.equal(answers.length, 6);
    assert.equal(answers.filter((answer) => answer !== null).length, 3);
    assert.equal(metadata.failed.length, 3);
    for (const { index } of metadata.failed) assert.equal(answers[index], null);
  });

  test('fails when the API has deleted its answers', async () => {
    const { data } = await start({ prompts: ['a'] });
    await finish(data);
    mockApi.passTime(31 * DAY);
    const failed = await fail({ operation: 'batch_result', batch_id: data });
    assert.match(failed.description, /HTTP 404.*No such File object/);
  });

  test('fails with the row that the API names when it rejected the file', async () => {
    const { data } = await start({ prompts: ['a', 'b'], model: 'gpt-0' });
    const failed = await fail({ operation: 'batch_result', batch_id: data, first_row: 1 });
    assert.equal(failed.data.code, 'model_not_found');
    assert.equal(failed.data.index, 0);
    assert.match(failed.description, /The API rejected the batch because of row 0 .*gpt-0.*start/);
    assert.deepEqual(
      failed.metadata.failed.map(({ index, code }) => [index, code]),
      [[1, 'model_not_found']],
    );
  });

  test('fails with the API’s message when it does not know the ID', async () => {
    const failed = await fail({ operation: 'batch_result', batch_id: 'batch_x' });
    assert.match(failed.description, /HTTP 404.*No batch found with id 'batch_x'/);
  });

  test('embeds texts in their order', async () => {
    const input = ['a calm sea', 'hills', 'a calm sea'];
    const { data } = await startEmbedding(input, { dimensions: '8' });
    assert.equal(data.rows, 3);
    const done = await finish(data);
    const asked = await succeed({ operation: 'generate_embedding', input, dimensions: '8' });
    assert.deepEqual(done.data, asked.data.embeddings ?? asked.data);
  });

  test('is rejected before anything is sent when a field is empty or invalid', async () => {
    for (const [query, label] of [
      [{ operation: 'batch_start', prompts: [] }, 'Prompts'],
      [{ operation: 'batch_start' }, 'Prompts'],
      [{ operation: 'batch_start', batch_task: 'embedding', input: [] }, 'Input'],
      [{ operation: 'batch_result' }, 'Batch ID'],
      [{ operation: 'batch_result', batch_id: '../files' }, 'Batch ID'],
      [{ operation: 'batch_result', batch_id: 'batch_1', first_row: '-1' }, 'First row'],
      [{ operation: 'batch_result', batch_id: 'batch_1', rows: '0' }, 'Rows'],
    ]) {
      assert.match(await refuse(query), new RegExp(label));
    }
  });
});

describe('the requests of a batch', () => {
  for (const [name, options] of [
    ['Chat Completions', { prompts: tickets(3) }],
    ['the Responses API', { prompts: tickets(3), api: 'responses', web_search: 'on' }],
    ['embeddings', { batch_task: 'embedding', input: tickets(3), dimensions: '8' }],
  ]) {
    test(`are as OpenAI’s document has them for ${name}`, async () => {
      await succeed({ operation: 'batch_start', ...options });
      const [upload, create, ...more] = mockApi.requests;
      assert.deepEqual(more, []);
      assert.deepEqual([upload.method, upload.path], ['POST', '/v1/files']);
      assert.deepEqual(validateRequest('POST', '/v1/files', upload.body), []);
      assert.match(upload.files.file.name, /\.jsonl$/);
      assert.deepEqual(validateRequest('POST', '/v1/batches', create.body), []);
      const [rows] = await uploaded();
      for (const row of rows) {
        assert.deepEqual(validateBatchRow(row), []);
        assert.equal(row.url, create.body.endpoint);
      }
    });
  }

  test('are three files and three batches for 120,000 rows, uploaded before the first is created', async () => {
    const { data } = await start({ prompts: tickets(120_000) });
    assert.equal(data.batch_ids.length, 3);
    assert.equal(data.rows, 120_000);
    assert.deepEqual(
      mockApi.requests.map(({ path }) => path),
      [...Array(3).fill('/v1/files'), ...Array(3).fill('/v1/batches')],
    );
    const files = await uploaded();
    assert.deepEqual(
      files.map(({ length }) => length),
      [50_000, 50_000, 20_000],
    );
    const ids = files.flat().map(({ custom_id: id }) => id);
    assert.equal(new Set(ids).size, 120_000);
    const [, second] = files;
    assert.match(JSON.stringify(second[7]), /"Ticket 50007"/);
  });

  test('put the batches of one list together in the order of their rows, in whatever order they are named', async () => {
    const prompts = tickets(50_003);
    const { data } = await start({ prompts });
    // Before any of its rows is run: three are enough to tell whether they are at their places.
    await cancel(data.batch_ids[0]);
    const { data: answers, metadata } = await finish([...data.batch_ids].reverse());
    assert.equal(answers.length, prompts.length);
    assert.equal(metadata.answered, 3);
    const answered = answers.flatMap((answer, index) => (answer === null ? [] : [index]));
    assert.deepEqual(answered, [50_000, 50_001, 50_002]);
    for (const index of answered) assert.ok(isAnswerTo(answers[index], prompts[index]));
    const page = await get(data, { first_row: 49_999, rows: 2 });
    assert.deepEqual(page.data, [null, answers[50_000]]);
    assert.deepEqual(
      page.metadata.failed.map(({ index }) => index),
      [49_999],
    );
    assert.equal(metadata.failed.length, 50_000);
    assert.deepEqual([metadata.failed[0].index, metadata.failed.at(-1).index], [0, 49_999]);
  });
});
