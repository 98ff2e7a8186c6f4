// An empty plugin, which shows what the harness itself costs.

class Empty {
  async run() {
    return { status: 'ok', data: '' };
  }
}

exports.default = Empty;
