const assert = require('node:assert');
const http = require('node:http');
const { default: OpenAI, QueryError } = require('tooljet-openai');
const operations = require('../lib/operations.json');

describe('openai', () => {
  let server;
  let source;
  let request;
  let answer;

  beforeAll(async () => {
    server = http.createServer(async (incoming, response) => {
      let text = '';
      for await (const chunk of incoming) text += chunk;
      request = { path: incoming.url, headers: incoming.headers, body: text && JSON.parse(text) };
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    // By name, because ToolJet's address rules reject a literal loopback address.
    const base_url = `http://localhost:${server.address().port}/v1`;
    source = { apiKey: 'sk-test', organizationId: 'org-test', base_url };
  });

  afterAll(() => server.close());

  it('answers a chat query with the answer of the model', async () => {
    const message = { role: 'assistant', content: 'Paris.' };
    answer = {
      status: 200,
      body: { choices: [{ index: 0, message, finish_reason: 'stop' }] },
    };
    const query = { operation: 'chat', prompt: 'The capital of France?', temperature: '0' };
    const { status, data } = await new OpenAI().run(source, query);
    assert.strictEqual(status, 'ok');
    assert.strictEqual(data, 'Paris.');
    assert.strictEqual(request.path, '/v1/chat/completions');
    assert.strictEqual(request.headers.authorization, 'Bearer sk-test');
    assert.strictEqual(request.headers['openai-organization'], 'org-test');
    assert.strictEqual(request.body.temperature, 0);
  });

  it('throws a QueryError with the error of the API', async () => {
    answer = {
      status: 401,
      body: { error: { message: 'Incorrect API key provided: sk-test.', code: 'invalid_api_key' } },
    };
    await assert.rejects(
      new OpenAI().run(source, { operation: 'completion', prompt: 'Once' }),
      (error) => {
        assert.ok(error instanceof QueryError);
        assert.strictEqual(error.message, 'Query could not be completed');
        assert.strictEqual(error.data.code, 'invalid_api_key');
        assert.ok(!JSON.stringify(error).includes('sk-test'));
        return true;
      },
    );
  });

  it('supports every operation of the form', async () => {
    answer = { status: 401, body: {} };
    const failureCode = (operation) =>
      new OpenAI().run(source, { operation }).catch(({ data }) => data.code);
    assert.strictEqual(await failureCode('unheard_of'), 'unknown_operation');
    for (const { value } of operations.properties.operation.list) {
      assert.notStrictEqual(await failureCode(value), 'unknown_operation');
    }
  });

  it('lists the models for a dropdown of the form', async () => {
    answer = { status: 200, body: { data: [{ id: 'gpt-image-2' }, { id: 'gpt-6-luna' }] } };
    const { data } = await new OpenAI().invokeMethod('listChatModels', {}, source);
    assert.deepStrictEqual(data, [{ value: 'gpt-6-luna', label: 'gpt-6-luna' }]);
  });

  it('tests the connection', async () => {
    answer = { status: 200, body: { data: [{ id: 'gpt-5.4-mini' }] } };
    assert.deepStrictEqual(await new OpenAI().testConnection(source), { status: 'ok' });
    assert.strictEqual(request.path, '/v1/models');
  });
});
