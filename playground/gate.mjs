// Who may talk to the server: the page that it served itself, and nobody else. A page from
// elsewhere could otherwise run queries here, under its own name or, with DNS rebinding, ours.

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Why a request is refused, or nothing if it is let in. */
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
  // A form of another page cannot send this type, and a script of one has to ask first.
  if (method === 'POST' && headers['content-type'] !== 'application/json') {
    return 'Calls are made with JSON.';
  }
  return undefined;
}
