// Accepts only requests of the page that this server sent. Another page could otherwise run queries
// here, under its own name or, with DNS rebinding, under this one.

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Returns why a request is rejected, or undefined if it is accepted. */
export function rejectionReason({ method, headers }, port) {
  const hosts = LOOPBACK.map((name) => `${name}:${port}`);
  if (!hosts.includes(headers.host)) return 'This server answers on the loopback interface only.';
  const { origin } = headers;
  if (origin !== undefined && origin !== `http://${headers.host}`) {
    return 'This server answers its own page only.';
  }
  const site = headers['sec-fetch-site'];
  if (method !== 'GET' && site !== undefined && site !== 'same-origin') {
    return 'This server answers its own page only.';
  }
  // A form on another page cannot send this type, and a script on one needs permission first.
  if (method === 'POST' && headers['content-type'] !== 'application/json') {
    return 'Calls are made with JSON.';
  }
  return undefined;
}
