// The essence of ToolJet's own plugin: each query creates a client and calls it once.

const { QueryError, chatRequest } = require('./chat');

module.exports = (OpenAI) =>
  class OpenAIPackage {
    async run(sourceOptions, queryOptions) {
      const client = new OpenAI({
        apiKey: sourceOptions.apiKey,
        baseURL: sourceOptions.base_url,
      });
      try {
        const answer = await client.chat.completions.create(chatRequest(queryOptions));
        return { status: 'ok', data: answer.choices[0].message.content };
      } catch (error) {
        throw new QueryError('Query could not be completed', error.message, {});
      }
    }
  };
