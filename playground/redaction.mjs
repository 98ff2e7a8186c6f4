// Redacts secrets in what the page shows of a call.

import { readBody } from './raw-response.mjs';

const REDACTED = '[redacted]';
/** Any other header may contain a secret, whatever its name. */
const HARMLESS_HEADER =
  /^(accept|accept-encoding|connection|content-(length|type)|host|user-agent|openai-(organization|project))$/i;
const HARMLESS_RESPONSE_HEADER =
  /^(apim-request-id|cache-control|cf-ray|connection|content-[\w-]+|date|keep-alive|openai-[\w-]+|retry-after(-ms)?|server|transfer-encoding|vary|via|x-ms-region|x-ratelimit-[\w-]+|x-request-id)$/i;
/** Shorter values occur in text by chance. */
const MIN_SECRET_LENGTH = 8;
/** OpenAI's keys, even if the API has masked their middle. */
const KEY = /\bsk-[\w*-]{8,}/g;

/** The flat options of a data source; `encrypted` names the keys of secrets. */
export function redactOptions(options, encrypted) {
  return {
    ...options,
    ...Object.fromEntries(encrypted.filter((key) => options[key]).map((key) => [key, REDACTED])),
    ...(typeof options.base_url === 'string' && { base_url: redactUrl(options.base_url) }),
    ...(Array.isArray(options.headers) && { headers: options.headers.map(redactPair) }),
  };
}

/**
 * The values that no response may show: those of options named in `encrypted`, those of headers,
 * and those in the base URL.
 */
export function secretsIn(options, encrypted) {
  const values = encrypted.map((key) => options[key]);
  const headers = Array.isArray(options.headers) ? options.headers.map(([, value]) => value) : [];
  const texts = [...values, ...headers, ...secretsInUrl(options.base_url)].filter(
    (value) => typeof value === 'string',
  );
  // Without the scheme, as in `Basic dXNlcjpwYXNz`.
  return texts
    .flatMap((text) => [text, text.split(' ').at(-1)])
    .filter(({ length }) => length >= MIN_SECRET_LENGTH);
}

function secretsInUrl(text) {
  if (!URL.canParse(text)) return [];
  const { username, password, searchParams } = new URL(text);
  searchParams.delete('api-version');
  return [username, password, ...searchParams.values()].flatMap((value) => [
    value,
    encodeURIComponent(value),
  ]);
}

/** Returns what the page shows of a recorded request, and of its response if there was one. */
export function redactRequest({ method, origin, path, headers, text, response }, secrets) {
  return {
    method,
    origin,
    path: redactUrl(path),
    headers: Object.entries(headers).map(([name, value]) => redactPair([name, String(value)])),
    body: text,
    response: response?.status && redactResponse(response, secrets),
  };
}

function redactResponse(response, secrets) {
  const { status, headers } = response;
  const { text, isCut } = readBody(response);
  const withoutSecrets = secrets.reduce((rest, each) => rest.replaceAll(each, REDACTED), text);
  return {
    status,
    headers: Object.entries(headers).map(([name, value]) => [
      name,
      HARMLESS_RESPONSE_HEADER.test(name) ? String(value) : REDACTED,
    ]),
    body: withoutSecrets.replace(KEY, REDACTED),
    isCut,
  };
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
