// The faults of a tenth of the responses under load. Each has its own base URL, and the code that a
// query gets for it.

const json = { 'content-type': 'application/json' };
const envelope = (message, code = null) =>
  JSON.stringify({ error: { message, type: 'some_error', param: null, code } });

/** By name: the response, as mock-api/playback.mjs plays it, and `data.code` of the failure. */
export const FAULTS = {
  refused: { answer: { status: 400, headers: json, body: envelope('no', 'bad') }, code: 'bad' },
  unauthorized: {
    answer: { status: 401, headers: json, body: envelope('wrong key', 'invalid_api_key') },
    code: 'invalid_api_key',
  },
  limited: {
    answer: {
      status: 429,
      headers: { ...json, 'retry-after-ms': '1' },
      body: envelope('slow down', 'rate_limit_exceeded'),
    },
    code: 'rate_limit_exceeded',
  },
  failing: {
    answer: { status: 500, headers: { 'retry-after-ms': '1' }, body: '<html>oops</html>' },
    code: undefined,
  },
  page: {
    answer: { headers: { 'content-type': 'text/html' }, body: '<!doctype html><p>Sign in' },
    code: 'invalid_response',
  },
  mangled: { answer: { headers: json, body: '{"choices": [' }, code: 'invalid_response' },
  damaged: {
    // A gzip header, and a block of a type that does not exist.
    answer: {
      headers: { ...json, 'content-encoding': 'gzip' },
      body: Buffer.from('1f8b08000000000000ff07', 'hex'),
    },
    code: 'invalid_compression',
  },
  garbage: { answer: { fault: 'garbage' }, code: 'not_http' },
  cut: {
    answer: { headers: json, body: envelope('x'.repeat(999)), fault: 'cut' },
    retries: 0,
    code: 'connection_reset',
  },
  reset: { answer: { fault: 'reset' }, retries: 0, code: 'connection_reset' },
  close: { answer: { fault: 'close' }, retries: 0, code: 'connection_reset' },
  hang: { answer: { fault: 'hang' }, timeout: 100, code: 'timeout' },
  stall: {
    answer: { headers: json, body: '{"choices": []}', fault: 'stall' },
    timeout: 100,
    code: 'timeout',
  },
};
