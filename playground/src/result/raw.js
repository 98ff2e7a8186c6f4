// Requests and responses as text.

const MAX_CHARACTERS = 100_000;

/** Browsers are slow with megabytes of text without a space. */
export function cut(text = 'undefined') {
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS)}… (${text.length.toLocaleString('en')} characters)`;
}

export const printHeaders = ({ headers }) => headers.map((pair) => pair.join(': ')).join('\n');

export function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** Headers that curl sends by itself, or that would differ. */
const OF_THE_CONNECTION =
  /^(host|connection|content-length|transfer-encoding|accept-encoding|user-agent)$/i;
const REDACTED = '[redacted]';
const KEY = '$OPENAI_API_KEY';

/** curl encodes forms itself; their files must exist where the command runs. */
const IS_FORM = /^multipart\/form-data/;
const fieldsOf = (form) => form.split('\n').map((line) => line.replace(/ \(\d+ bytes\)$/, ''));

/** A POSIX shell command that repeats a request, with the key from the environment. */
export function asCurl({ method, origin, path, headers, body }) {
  const form = headers.find(([, value]) => IS_FORM.test(value));
  const sent = headers.filter((pair) => pair !== form && !OF_THE_CONNECTION.test(pair[0]));
  const lines = [
    `curl ${quote(origin + path)}`,
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    ...sent.map(([name, value]) => `-H ${quoteHeader(name, value)}`),
    ...(form ? fieldsOf(body).map((field) => `-F ${quote(field)}`) : []),
    ...(body && !form ? [`-d ${quote(indented(body))}`] : []),
  ];
  return lines.join(' \\\n  ');
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function quoteHeader(name, value) {
  const isKey = /^(authorization|api-key)$/i.test(name) && value.endsWith(REDACTED);
  return isKey ? `"${name}: ${value.replace(REDACTED, KEY)}"` : quote(`${name}: ${value}`);
}
