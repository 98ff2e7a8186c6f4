// A plugin that answers with what it was called with, so that a test can see it.

export const ECHO = `
class Echo {
  async run(sourceOptions, queryOptions) {
    return { status: 'ok', data: { sourceOptions, queryOptions }, metadata: {} };
  }
  async testConnection(sourceOptions) {
    return { status: 'ok', message: JSON.stringify(sourceOptions) };
  }
}
module.exports.default = Echo;
`;
