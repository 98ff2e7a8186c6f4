// The thinnest plugin on Node's own fetch, whose connection pool belongs to the process.

const { QueryError, chatRequest } = require('./chat');

class Fetch {
  async run({ base_url, apiKey }, queryOptions) {
    const response = await fetch(`${base_url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatRequest(queryOptions)),
    });
    if (!response.ok) {
      const description = `HTTP ${response.status}: ${await response.text()}`;
      throw new QueryError('Query could not be completed', description, {});
    }
    const answer = await response.json();
    return { status: 'ok', data: answer.choices[0].message.content };
  }
}

exports.default = Fetch;
