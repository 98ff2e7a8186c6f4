// Takes secrets out of what the page shows of a call.

const REDACTED = '[redacted]';
const SECRET_HEADER = /auth|cookie|key|secret|token/i;

/** The flat options of a data source; `encrypted` names the keys that hold secrets. */
export function redactOptions(options, encrypted) {
  return {
    ...options,
    ...Object.fromEntries(encrypted.filter((key) => options[key]).map((key) => [key, REDACTED])),
    ...(Array.isArray(options.headers) && { headers: options.headers.map(redactPair) }),
  };
}

/** What the page shows of a request that arrived at the stand-in. */
export function redactRequest({ method, path, headers, text, body }) {
  const named = Object.entries(headers).map(([name, value]) => redactPair([name, String(value)]));
  return { method, path, headers: named, body: body ?? text };
}

function redactPair([name, value]) {
  if (!value || !SECRET_HEADER.test(name)) return [name, value];
  return [name, /^bearer\s/i.test(value) ? `Bearer ${REDACTED}` : REDACTED];
}
