// Files and batches of the mock API: https://developers.openai.com/api/docs/guides/batch

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateBatchRow, validateRequest, validateResponse } from '../openapi.mjs';
import {
  CHAT,
  conversation,
  EMBEDDINGS,
  KEY,
  mockApi,
  question,
  RESPONSES,
  send,
  user,
} from './client.mjs';

const FILES = '/v1/files';
const BATCHES = '/v1/batches';
const DAY = 24 * 60 * 60;

const jsonl = (rows) => rows.map((row) => JSON.stringify(row)).join('\n');

/** Rows that ask `endpoint`, each of which has a number in its custom_id. */
const rowsOf = (
  count,
  { endpoint = CHAT, body = (index) => conversation({ messages: user(`Row ${index}`) }) } = {},
) =>
  Array.from({ length: count }, (_, index) => ({
    custom_id: `row-${index}`,
    method: 'POST',
    url: endpoint,
    body: body(index),
  }));

async function upload(text, { purpose = 'batch', name = 'rows.jsonl', ...fields } = {}) {
  const form = new FormData();
  if (purpose) form.append('purpose', purpose);
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  if (text !== undefined) form.append('file', new File([text], name));
  const { status, body } = await send('POST', FILES, { body: form });
  return status === 200 ? body : { status, ...body.error };
}

async function ask(method, path, body) {
  const answered = await send(method, path, { body });
  return answered.status === 200
    ? answered.body
    : { status: answered.status, ...answered.body.error };
}

async function start(rows, endpoint = CHAT) {
  const text = typeof rows === 'string' ? rows : jsonl(rows);
  const { id } = await upload(text);
  return ask('POST', BATCHES, { input_file_id: id, endpoint, completion_window: '24h' });
}

const get = ({ id }) => ask('GET', `${BATCHES}/${id}`);
const cancel = ({ id }) => ask('POST', `${BATCHES}/${id}/cancel`);

async function finish(batch) {
  let current = batch;
  while (['validating', 'in_progress', 'finalizing', 'cancelling'].includes(current.status)) {
    current = await get(batch);
  }
  return current;
}

async function download(id) {
  const response = await fetch(`${mockApi.url}${FILES}/${id}/content`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  return response.text();
}
const linesOf = async (id) =>
  (await download(id))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const idsOf = (lines) => lines.map(({ custom_id: id }) => id);

/** What is wrong with the first line of a batch that has failed. */
async function problemWith(rows, endpoint) {
  const { status, errors } = await finish(await start(rows, endpoint));
  assert.equal(status, 'failed');
  return errors.data;
}

describe('the files of the mock API', () => {
  it("are kept, described and returned byte for byte, as in OpenAI's document", async () => {
    const text = `${jsonl(rowsOf(2))}\n{"not": "é✓"}\n`;
    const file = await upload(text);
    assert.deepEqual(validateResponse('POST', FILES, 200, file), []);
    assert.equal(file.bytes, Buffer.byteLength(text));
    assert.equal(file.filename, 'rows.jsonl');
    assert.deepEqual(await ask('GET', `${FILES}/${file.id}`), file);
    assert.equal(await download(file.id), text);
    const [{ body, text: shown, files }] = mockApi.requests;
    assert.deepEqual(body, { purpose: 'batch' });
    assert.deepEqual(validateRequest('POST', FILES, body), []);
    assert.equal(files.file.size, file.bytes);
    assert.equal(
      shown,
      `purpose=batch\nfile=@rows.jsonl;type=application/octet-stream (${file.bytes} bytes)`,
    );
  });

  it('keep a file of many pieces whole, whatever is in it', async () => {
    const line = JSON.stringify({ text: '\r\n--x\r\n'.repeat(5000) });
    const text = `${line}\n`.repeat(40);
    const file = await upload(text);
    assert.equal(file.bytes, text.length);
    assert.equal(await download(file.id), text);
  });

  it('reject what the API rejects', async () => {
    const right = jsonl(rowsOf(1));
    for (const [text, options, expected] of [
      [right, { purpose: 'bulk' }, { param: 'purpose', code: 'invalid_value' }],
      [right, { purpose: null }, { param: 'purpose', code: 'missing_required_parameter' }],
      [undefined, {}, { param: 'file', code: 'missing_required_parameter' }],
      [
        right,
        { name: 'rows.txt' },
        { message: 'Invalid file format for Batch API. Must be .jsonl' },
      ],
      ['', {}, { message: 'Invalid file format for Batch API. Must be .jsonl' }],
      ['{no json', {}, { message: 'Invalid file format for Batch API. Must be .jsonl' }],
      [
        right,
        { 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': '60' },
        { param: 'expires_after[seconds]', code: 'integer_below_min_value' },
      ],
    ]) {
      const { status, message, param, code } = await upload(text, options);
      assert.deepEqual(
        { status, message, param, code },
        { status: 400, message, param: null, code: null, ...expected },
      );
    }
    const { status, param, message } = await ask('GET', `${FILES}/file-x`);
    assert.deepEqual([status, param, message], [404, 'id', 'No such File object: file-x']);
  });

  it('reject a file above 200 MB', async () => {
    const line = `${JSON.stringify(rowsOf(1)[0])}\n`;
    const piece = line.repeat(Math.ceil(1_000_000 / line.length));
    const pieces = (count) => new Blob(Array.from({ length: count }, () => piece));
    const { message } = await upload(pieces(200));
    assert.equal(message, 'File is too large.');
  });

  it('expire after 30 days, or as they are told', async () => {
    const file = await upload(jsonl(rowsOf(1)));
    const short = await upload(jsonl(rowsOf(1)), {
      'expires_after[anchor]': 'created_at',
      'expires_after[seconds]': '3600',
    });
    mockApi.passTime(DAY);
    assert.equal((await ask('GET', `${FILES}/${short.id}`)).status, 404);
    assert.equal((await ask('GET', `${FILES}/${file.id}`)).id, file.id);
    mockApi.passTime(29 * DAY);
    assert.equal((await ask('GET', `${FILES}/${file.id}`)).status, 404);
  });

  it('are forgotten when the mock API is reset', async () => {
    const file = await upload(jsonl(rowsOf(1)));
    await mockApi.reset();
    assert.equal((await ask('GET', `${FILES}/${file.id}`)).status, 404);
  });
});

describe('a batch of the mock API', () => {
  it("is validated, run and completed as it is asked for, as in OpenAI's document", async () => {
    const input = await upload(jsonl(rowsOf(4)));
    const request = {
      input_file_id: input.id,
      endpoint: CHAT,
      completion_window: '24h',
      metadata: { rows: '4' },
    };
    assert.deepEqual(validateRequest('POST', BATCHES, request), []);
    const states = [await ask('POST', BATCHES, request)];
    for (let times = 0; times < 4; times += 1) states.push(await get(states[0]));
    for (const state of states) {
      assert.deepEqual(validateResponse('GET', `${BATCHES}/x`, 200, state), []);
      assert.deepEqual(state.metadata, { rows: '4' });
    }
    assert.deepEqual(
      states.map(({ status, request_counts: { total, completed } }) => [status, total, completed]),
      [
        ['validating', 0, 0],
        ['in_progress', 4, 2],
        ['finalizing', 4, 4],
        ['completed', 4, 4],
        ['completed', 4, 4],
      ],
    );
    const { output_file_id: output, error_file_id: errors, usage } = states.at(-1);
    assert.equal(errors, null);
    const lines = await linesOf(output);
    const sum = lines.reduce((total, { response }) => total + response.body.usage.total_tokens, 0);
    assert.equal(usage.total_tokens, sum);
    assert.equal((await ask('GET', `${FILES}/${output}`)).purpose, 'batch_output');
  });

  for (const [endpoint, body] of [
    [CHAT, (index) => conversation({ messages: user(`Row ${index}`) })],
    [RESPONSES, (index) => question({ input: `Row ${index}` })],
    [EMBEDDINGS, (index) => ({ model: 'text-embedding-3-small', input: [`Row ${index}`] })],
  ]) {
    it(`answers each row as ${endpoint} does, and in another order`, async () => {
      const rows = rowsOf(1200, { endpoint, body });
      assert.deepEqual(validateBatchRow(rows[0]), []);
      const { output_file_id: output } = await finish(await start(rows, endpoint));
      const lines = await linesOf(output);
      const ids = idsOf(lines);
      assert.deepEqual([...ids].sort(), idsOf(rows).sort());
      const inPlace = ids.filter((id, index) => id === `row-${index}`);
      assert.ok(inPlace.length < 60, `${inPlace.length} rows are at their own place`);
      for (const { custom_id: id, response } of lines.filter((_, index) => index % 100 === 0)) {
        const index = Number(id.slice('row-'.length));
        assert.equal(response.status_code, 200);
        assert.deepEqual(response.body, await ask('POST', endpoint, body(index)));
      }
    });
  }

  it('writes the rows that the API rejects to the file of errors', async () => {
    const body = (index) =>
      conversation({ messages: user(`Row ${index}`), ...(index % 2 === 1 && { temperature: 9 }) });
    const done = await finish(await start(rowsOf(5, { body })));
    assert.equal(done.status, 'completed');
    assert.deepEqual(done.request_counts, { total: 5, completed: 3, failed: 2 });
    const failed = await linesOf(done.error_file_id);
    assert.deepEqual(idsOf(failed).sort(), ['row-1', 'row-3']);
    assert.equal(failed[0].error, null);
    assert.equal(failed[0].response.status_code, 400);
    assert.equal(failed[0].response.body.error.param, 'temperature');
    assert.deepEqual(idsOf(await linesOf(done.output_file_id)).sort(), ['row-0', 'row-2', 'row-4']);
  });

  it('has no file of answers when the API rejects every row', async () => {
    const done = await finish(
      await start(rowsOf(2, { body: () => conversation({ temperature: 9 }) })),
    );
    assert.equal(done.output_file_id, null);
    assert.equal((await linesOf(done.error_file_id)).length, 2);
  });

  it('names the line that cannot be run', async () => {
    const [first, second] = rowsOf(2);
    const { custom_id: _, ...anonymous } = second;
    for (const [wrong, expected] of [
      ['{no json', { code: 'invalid_json_line', param: null }],
      ['"a text"', { code: 'invalid_json_line', param: null }],
      [anonymous, { code: 'missing_required_parameter', param: 'custom_id' }],
      [
        { ...second, method: 'GET' },
        { code: 'invalid_request', param: 'method' },
      ],
      [
        { ...second, url: RESPONSES },
        { code: 'invalid_url', param: 'url' },
      ],
      [
        { ...second, custom_id: 'row-0' },
        { code: 'duplicate_custom_id', param: 'custom_id' },
      ],
      [
        { ...second, body: conversation({ model: 'gpt-5.4' }) },
        { code: 'mismatched_model', param: 'body.model' },
      ],
      [
        { ...second, body: conversation({ model: 'gpt-0' }) },
        { code: 'model_not_found', param: 'body.model' },
      ],
      [
        { ...second, body: conversation({ stream: true }) },
        { code: 'streaming_unsupported', param: 'body.stream' },
      ],
      [
        { ...second, body: { messages: [] } },
        { code: 'invalid_request', param: 'body.model' },
      ],
      [
        { ...second, body: { model: 'gpt-5.4-mini' } },
        { code: 'invalid_request', param: 'body.messages' },
      ],
    ]) {
      const line = typeof wrong === 'string' ? wrong : JSON.stringify(wrong);
      const [{ code, param, line: number }, ...more] = await problemWith(
        `${JSON.stringify(first)}\n${line}`,
      );
      assert.deepEqual({ code, param, number, more }, { ...expected, number: 2, more: [] });
    }
  });

  it('fails when it has too many rows, or texts to embed', async () => {
    const row = rowsOf(1)[0];
    const many = Array.from({ length: 50_001 }, (_, index) => ({ ...row, custom_id: `${index}` }));
    const [{ code, line }] = await problemWith(many);
    assert.deepEqual([code, line], ['too_many_tasks', null]);
    const input = Array.from({ length: 2000 }, () => 'a');
    const body = () => ({ model: 'text-embedding-3-small', input });
    const [{ code: ofInputs }] = await problemWith(
      rowsOf(26, { endpoint: EMBEDDINGS, body }),
      EMBEDDINGS,
    );
    assert.equal(ofInputs, 'too_many_tasks');
  });

  it('fails when its file is not there or not for a batch', async () => {
    const { id: other } = await upload('a', { purpose: 'user_data', name: 'a.txt' });
    for (const id of ['file-x', other]) {
      const batch = await ask('POST', BATCHES, {
        input_file_id: id,
        endpoint: CHAT,
        completion_window: '24h',
      });
      const { status, errors } = await get(batch);
      assert.equal(status, 'failed');
      assert.deepEqual([errors.data[0].code, errors.data[0].param], ['invalid_request', 'file_id']);
    }
  });

  it('is not created from a request that is wrong', async () => {
    const right = { input_file_id: 'file-x', endpoint: CHAT, completion_window: '24h' };
    for (const [wrong, param] of [
      [{ input_file_id: undefined }, 'input_file_id'],
      [{ endpoint: '/v1/models' }, 'endpoint'],
      [{ completion_window: '1h' }, 'completion_window'],
      [{ metadata: { a: 1 } }, 'metadata.a'],
      [
        { output_expires_after: { anchor: 'created_at', seconds: 1 } },
        'output_expires_after.seconds',
      ],
    ]) {
      const failed = await ask('POST', BATCHES, { ...right, ...wrong });
      assert.deepEqual([failed.status, failed.param], [400, param]);
    }
    const { status, message } = await ask('GET', `${BATCHES}/batch_x`);
    assert.deepEqual([status, message], [404, "No batch found with id 'batch_x'."]);
  });

  it('gives what is there when it expires, and says which rows are not', async () => {
    const batch = await start(rowsOf(6));
    await get(batch);
    mockApi.passTime(DAY);
    const expired = await finish(batch);
    assert.equal(expired.status, 'expired');
    const [answered, failed] = [
      await linesOf(expired.output_file_id),
      await linesOf(expired.error_file_id),
    ];
    assert.deepEqual(idsOf([...answered, ...failed]).sort(), idsOf(rowsOf(6)));
    assert.equal(failed.length, 3);
    for (const { response, error } of failed) {
      assert.deepEqual([response, error.code], [null, 'batch_expired']);
    }
  });

  it('gives what is there when it is cancelled, and cannot be cancelled once it is done', async () => {
    const batch = await start(rowsOf(6));
    await get(batch);
    assert.equal((await cancel(batch)).status, 'cancelling');
    const cancelled = await finish(batch);
    assert.equal(cancelled.status, 'cancelled');
    assert.equal((await linesOf(cancelled.output_file_id)).length, 3);
    assert.equal(cancelled.error_file_id, null);
    assert.equal((await cancel(batch)).status, 'cancelled');

    const done = await finish(await start(rowsOf(1)));
    const { status, message } = await cancel(done);
    assert.deepEqual([status, message], [409, "Cannot cancel a batch with status 'completed'."]);
  });

  it('goes on step by step also when it is asked for several times at once', async () => {
    const batch = await start(rowsOf(700));
    const asked = await Promise.all([get(batch), get(batch), get(batch)]);
    assert.deepEqual(
      asked.map(({ status }) => status),
      ['in_progress', 'finalizing', 'completed'],
    );
    assert.equal((await linesOf(asked[2].output_file_id)).length, 700);
  });
});
