// A plugin that returns its arguments, so that a test can check them.

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
