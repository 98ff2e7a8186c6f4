// Redacts secrets in what the page shows of a call.

const REDACTED = '[redacted]';
/** Any other header may contain a secret, whatever its name. */
const HARMLESS_HEADER =
  /^(accept|accept-encoding|connection|content-(length|type)|host|user-agent|openai-(organization|project))$/i;

/** The flat options of a data source; `encrypted` names the keys of secrets. */
export function redactOptions(options, encrypted) {
  return {
    ...options,
    ...Object.fromEntries(encrypted.filter((key) => options[key]).map((key) => [key, REDACTED])),
    ...(typeof options.base_url === 'string' && { base_url: redactUrl(options.base_url) }),
    ...(Array.isArray(options.headers) && { headers: options.headers.map(redactPair) }),
  };
}

/** Returns what the page shows of a recorded request. */
export function redactRequest({ method, path, headers, text }) {
  const named = Object.entries(headers).map(([name, value]) => redactPair([name, String(value)]));
  return { method, path: redactUrl(path), headers: named, body: text };
}

function redactPair([name, value]) {
  if (!value || HARMLESS_HEADER.test(name)) return [name, value];
  return [name, /^bearer\s/i.test(value) ? `Bearer ${REDACTED}` : REDACTED];
}

/**
 * User info, which may contain any character unencoded, and the values of the query string, except
 * `api-version`.
 */
function redactUrl(url) {
  return url
    .replace(/\/\/.*[?#].*@.*$/s, `//${REDACTED}`)
    .replace(/\/\/.*@/s, `//${REDACTED}@`)
    .replace(/(?<=[?#]).*$/s, redactParameters);
}

const redactParameters = (text) => text.split('&').map(redactParameter).join('&');

function redactParameter(text) {
  if (!text || /^api-version=[\w.-]*$/.test(text)) return text;
  // A value that ends with "=" may be Base64.
  const [name] = /^[^=]+=(?=[^=])/.exec(text) ?? [''];
  return name + REDACTED;
}
