// Accepts only requests from the page that this server sent. Otherwise another page could run
// queries here, under its own name or, with DNS rebinding, under this one.

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Returns why a request is rejected, or undefined if it is accepted. */
export function rejectionReason({ method, headers }, port) {
  const hosts = LOOPBACK.map((name) => `${name}:${port}`);
  if (!hosts.includes(headers.host))
    return 'This server is available only on the loopback interface.';
  const { origin } = headers;
  if (origin !== undefined && origin !== `http://${headers.host}`) {
    return 'This server accepts requests only from its own page.';
  }
  const site = headers['sec-fetch-site'];
  if (method !== 'GET' && site !== undefined && site !== 'same-origin') {
    return 'This server accepts requests only from its own page.';
  }
  // A form on another page cannot send this type, and a script on one needs permission first.
  if (method === 'POST' && headers['content-type'] !== 'application/json') {
    return 'Calls must be JSON.';
  }
  return undefined;
}
