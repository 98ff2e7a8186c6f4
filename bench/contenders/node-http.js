// The thinnest plugin on node:http and node:https. Its agent keeps connections open, and is cached
// on `process` because the text is evaluated again for each query.

const { QueryError, chatRequest } = require('./chat');

const AGENTS = Symbol.for('tooljet-openai-bench/agents');

function agentFor(protocol, { Agent }) {
  process[AGENTS] ??= {};
  process[AGENTS][protocol] ??= new Agent({ keepAlive: true });
  return process[AGENTS][protocol];
}

function post(url, headers, body) {
  const protocol = url.split(':', 1)[0];
  const transport = protocol === 'https' ? require('node:https') : require('node:http');
  return new Promise((resolve, reject) => {
    const request = transport.request(
      url,
      {
        method: 'POST',
        agent: agentFor(protocol, transport),
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

class NodeHttp {
  async run({ base_url, apiKey }, queryOptions) {
    const { status, text } = await post(
      `${base_url}/chat/completions`,
      { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      JSON.stringify(chatRequest(queryOptions)),
    );
    if (status !== 200) {
      throw new QueryError('Query could not be completed', `HTTP ${status}: ${text}`, {});
    }
    return { status: 'ok', data: JSON.parse(text).choices[0].message.content };
  }
}

exports.default = NodeHttp;
