// Servers that deviate from OpenAI's API: the same query and connection test against the responses
// of each.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serveFixture } from './fixtures.mjs';
import { validateRequest } from './openapi.mjs';
import { connect, fail, mockApi, sent, succeed, takesEverything } from './plugin.mjs';

const QUERY = {
  operation: 'chat',
  model: 'vendor/model-7b:free',
  system_prompt: 'Answer with one word.',
  prompt: 'Ping?',
  max_tokens: '64',
  temperature: '0',
};
/** Allows an immediate retry, so that no test waits. */
const soon = (answer) => ({ ...answer, headers: { ...answer.headers, 'retry-after-ms': '1' } });

/** The path of each server's API. */
const BASES = {
  'Azure, v1': '/openai/v1',
  'Azure, a deployment': '/openai/deployments/D?api-version=2024-10-21',
  vLLM: '/v1',
  Ollama: '/v1/',
  'llama.cpp': '',
  LiteLLM: '/v1',
  OpenRouter: '/api/v1',
  Groq: '/openai/v1',
  DeepSeek: '/',
};

for (const [server, base] of Object.entries(BASES)) {
  test(`sends ${server} only parameters that every server accepts`, async () => {
    mockApi.respondWith(takesEverything);
    const { path, body } = await sent(QUERY, { base_url: mockApi.url + base });
    const [root, version] = base.replace(/\/$/, '').split('?');
    assert.equal(path, `${root || '/v1'}/chat/completions${version ? `?${version}` : ''}`);
    assert.deepEqual(body, {
      model: 'vendor/model-7b:free',
      messages: [
        { role: 'system', content: 'Answer with one word.' },
        { role: 'user', content: 'Ping?' },
      ],
      // Ollama silently ignores the newer name of the token limit.
      max_tokens: 64,
      temperature: 0,
      stream: false,
    });
    assert.deepEqual(validateRequest('POST', '/v1/chat/completions', body), []);
  });
}

const STREAMED = 'gpt-5.4-2026-03-05';

/** [fixture, expected metadata]. */
const ANSWERS = {
  OpenAI: ['chat_ok', { finish_reason: 'stop', request_id: 'req_fx' }],
  'Azure, with filter results': ['compat_azure_chat', { model: 'gpt-4.1-2025-04-14' }],
  Ollama: ['compat_ollama_chat', { model: 'qwen3:8b' }],
  'llama.cpp': ['compat_llamacpp_chat', { model: 'local.gguf' }],
  OpenRouter: ['compat_openrouter_chat', { model: 'vendor/model' }],
  'Groq, with its own service tier': ['compat_groq_chat', { service_tier: 'on_demand' }],
  'DeepSeek, with blank lines first': ['chat_ok_leading_blank_lines', {}],
  'Mistral, with content parts and thinking': [
    'compat_content_parts_array',
    { model: 'm', reasoning: 'hm' },
  ],
  'a server with floats for integers': [
    'compat_floats_and_string_numbers',
    { finish_reason: null },
  ],
  'a gateway that streams unasked': ['sse_chat_crlf_comments_no_final_blank', { model: STREAMED }],
  'Azure, as a stream with a blank first chunk': [
    'sse_chat_azure_first_chunk',
    { model: STREAMED },
  ],
  'a server with the bare minimum': ['compat_minimal_missing_fields', { finish_reason: null }],
};

for (const [server, [fixture, known]] of Object.entries(ANSWERS)) {
  test(`reads the response of ${server}`, async () => {
    mockApi.respondWith(serveFixture(fixture));
    const { data, metadata } = await succeed(QUERY);
    assert.equal(data, 'Pong.');
    for (const [name, value] of Object.entries(known)) assert.equal(metadata[name], value, name);
    assert.equal(metadata.endpoint, 'chat/completions');
    for (const [name, value] of Object.entries(metadata.usage ?? {})) {
      if (name.endsWith('_tokens')) assert.ok(Number.isInteger(value), `${name}: ${value}`);
    }
    assert.doesNotMatch(JSON.stringify(metadata), /reasoning_content/);
  });
}

test('retries the responses of llama.cpp, vLLM and gateways that are starting', async () => {
  for (const fixture of ['error_503_llamacpp_loading', 'error_503_plain', 'error_502_nginx']) {
    mockApi.respondWith([soon(serveFixture(fixture)), serveFixture('compat_llamacpp_chat')]);
    const { data, metadata } = await succeed(QUERY);
    assert.deepEqual([data, metadata.attempts], ['Pong.', 2]);
  }
});

/** [fixture, expected data, what the app builder reads]. */
const FAILURES = {
  'vLLM, all tokens spent on reasoning': [
    'compat_vllm_chat',
    { code: 'tokens_spent_on_reasoning' },
    /before any text.*Raise or clear Max tokens/,
  ],
  'vLLM, with a numeric code': [
    'error_400_vllm_int_code',
    { status: 400, code: '400' },
    /suffix is not currently supported/,
  ],
  'old vLLM, without envelope': ['error_400_vllm_flat_legacy', { status: 400 }, /list index out/],
  'vLLM, with a string as the error': [
    'error_401_vllm_error_string',
    { status: 401 },
    /Check the API key/,
  ],
  'LiteLLM, with the string None': [
    'error_400_litellm_none_strings',
    { status: 400, type: undefined, param: undefined },
    /upstream said no/,
  ],
  FastAPI: ['error_422_fastapi_detail', { status: 422 }, /body\.messages: Field required/],
  'OpenRouter, without credit': [
    'error_402_openrouter',
    { status: 402, attempts: 1 },
    /Insufficient credits.*Add credit/,
  ],
  'OpenRouter, under HTTP 200': [
    'compat_200_error_body',
    { status: 502 },
    /Upstream provider failed/,
  ],
  'Azure, from its gateway': [
    'error_401_azure_gateway',
    { status: 401, code: '401' },
    /missing subscription key/,
  ],
  'Azure, from its filter': [
    'error_400_azure_content_filter',
    { status: 400, code: 'content_filter' },
    /Rephrase the prompt/,
  ],
  'a gateway, with a partial answer': [
    'compat_choice_error_midway',
    { code: 'answer_cut_off', partial: 'The first half of the ans' },
    /in the middle of its answer: Upstream provider disconnected/,
  ],
  'a server that only shows reasoning': [
    'compat_only_reasoning',
    { code: 'only_reasoning', reasoning: '2 and 2 are 4.' },
    /reasoned but wrote no answer/,
  ],
  'Gemini, from its filter': ['compat_gemini_safety', { code: 'content_filter' }, /Rephrase/],
  'a server without choices': [
    'compat_choices_empty',
    { code: 'no_answer' },
    /contains no choices/,
  ],
  'a sign-in page': [
    'ok_200_html_captive_portal',
    { code: 'invalid_response' },
    /with an HTML page.*Check the Base URL/s,
  ],
  'a stream that breaks off': [
    'sse_chat_truncated',
    { code: 'truncated_response', partial: 'Half' },
    /data\.partial/,
  ],
};

for (const [server, [fixture, known, words]] of Object.entries(FAILURES)) {
  test(`explains the failure of ${server}`, async () => {
    mockApi.respondWith(serveFixture(fixture));
    const { description, data } = await fail(QUERY, { max_retries: 0 });
    for (const [name, value] of Object.entries(known)) assert.equal(data[name], value, name);
    assert.match(description, words);
  });
}

describe('a connection test', () => {
  /** [fixture, expected warning]. */
  const CONNECTED = {
    'a list of models': ['models_list', undefined],
    'the list of vLLM': ['models_list_vllm', undefined],
    'the missing list of Ollama without models': ['models_list_ollama_null_data', undefined],
    'the error of a restricted key': [
      'error_403_models_scope_error_string',
      /^Connected\. The API key is valid but restricted/,
    ],
    'the older error of a restricted key': [
      'error_401_missing_scope',
      /^Connected\. The API key is valid but restricted/,
    ],
  };
  for (const [answer, [fixture, warning]] of Object.entries(CONNECTED)) {
    test(`passes the connection test when the server responds with ${answer}`, async () => {
      mockApi.respondWith(serveFixture(fixture));
      const { status, message, ...others } = await connect();
      assert.deepEqual([status, others], ['ok', {}]);
      if (warning) assert.match(message, warning);
      else assert.equal(message, undefined);
    });
  }

  const VERDICTS = {
    'a sign-in page': ['ok_200_html_captive_portal', /sign-in page.*Check the Base URL/],
    'something other than a list': ['chat_ok', /not a list of models.*Check the Base URL/],
    'the error of a wrong key': [
      'error_401_invalid_api_key',
      /Check the API key in the data source/,
    ],
    'the error of a missing key': [
      'error_401_missing_key',
      /The plugin sent the API key, but it did not arrive/,
    ],
    'the error of a wrong organization': [
      'error_401_mismatched_organization',
      /Check the Organization ID in the data source/,
    ],
    'the error of an unsupported country': [
      'error_403_country',
      /country not supported:.*in a supported country/,
    ],
    'the error of an unknown path': [
      'error_404_invalid_url',
      /Check the Base URL \(http:\/\/localhost/,
    ],
    'the error of an account without credit': [
      'error_429_insufficient_quota',
      /no credit left:.*The API key works\. Add credit/,
    ],
    'a server error': ['error_500_server_error', /Try again later/],
  };
  for (const [answer, [fixture, words]] of Object.entries(VERDICTS)) {
    test(`fails the connection test with a hint when the server responds with ${answer}`, async () => {
      mockApi.respondWith(serveFixture(fixture));
      const { status, message } = await connect({ max_retries: 0 });
      assert.equal(status, 'failed');
      assert.ok(message.startsWith('Connection could not be established: '), message);
      assert.match(message, words);
    });
  }

  test('fails the connection test when nothing listens or the response is not HTTP', async () => {
    const refused = await connect({ base_url: 'http://localhost:1/v1', max_retries: 0 });
    assert.match(refused.message, /Nothing listens at localhost:1\./);
    mockApi.respondWith({ fault: 'garbage' });
    const garbage = await connect({ max_retries: 0 });
    assert.match(garbage.message, /Check the port and the scheme of the Base URL/);
  });

  test('sends the connection test to the resource of an Azure deployment, and below the base of a pasted chat path', async () => {
    mockApi.respondWith(takesEverything);
    for (const [base, path] of [
      ['/openai/deployments/D?api-version=1', '/openai/models?api-version=1'],
      ['/v1/chat/completions', '/v1/models'],
    ]) {
      mockApi.requests.length = 0;
      assert.deepEqual(await connect({ base_url: mockApi.url + base }), { status: 'ok' });
      assert.deepEqual(
        mockApi.requests.map((request) => request.path),
        [path],
      );
    }
  });
});
