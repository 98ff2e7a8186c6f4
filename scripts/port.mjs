/** Parses `--port`; 0 means any free port. */
export function parsePort(text) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new Error(`--port must be a whole number from 0 to 65535, not ${text}`);
  }
  return port;
}

/** The error of a server that could not start; if its port is in use, with advice. */
export function explainTaken(error) {
  return error.code === 'EADDRINUSE'
    ? new Error('the port is in use; choose another with --port')
    : error;
}
