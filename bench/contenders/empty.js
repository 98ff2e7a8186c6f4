// No plugin at all: what is left is what the host itself costs.

class Empty {
  async run() {
    return { status: 'ok', data: '' };
  }
}

exports.default = Empty;
