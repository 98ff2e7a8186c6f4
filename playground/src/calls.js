// The calls of the page to its server.

export const fetchSetup = () => request('/api/setup');

export const testConnection = (call) => post('/api/test-connection', call);

export const runQuery = (call, signal) => post('/api/run', call, signal);

const post = (path, body, signal) =>
  request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });

async function request(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Error('The playground’s server does not answer. Is `npm start` still running?');
  }
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}
