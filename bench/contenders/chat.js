// Shared by the contenders: the request, and the error that ToolJet recognizes by its name.

class QueryError extends Error {
  constructor(message, description, data) {
    super(message);
    this.description = description;
    this.data = data;
  }
}

function chatRequest({ model, prompt, max_tokens, temperature }) {
  return {
    model,
    messages: [{ role: 'user', content: prompt }],
    max_tokens: Number(max_tokens),
    temperature: Number(temperature),
  };
}

module.exports = { QueryError, chatRequest };
