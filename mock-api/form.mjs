// Reads forms with files (multipart/form-data).

export const isForm = (headers) =>
  (headers['content-type'] ?? '').startsWith('multipart/form-data');

/**
 * The body of a form as an object, in which a field whose name ends in `[]` is an item of a list, and
 * a file is a string with a character for each byte. `files` has the name, the type and the size of each file.
 */
export async function parseForm(bytes, type) {
  const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
  const body = {};
  const files = {};
  for (const [field, value] of form) {
    const name = field.replace(/\[\]$/, '');
    let text = value;
    if (typeof value !== 'string') {
      files[name] = { name: value.name, type: value.type, size: value.size };
      text = Buffer.from(await value.arrayBuffer()).toString('latin1');
    }
    if (name === field) body[name] = text;
    else body[name] = [...(body[name] ?? []), text];
  }
  return { body, files };
}

/**
 * The form as text, a line for each field as curl takes it; a file has its length in place of its bytes, and need not be
 * in the body.
 */
export function describeForm({ body, files }) {
  const lines = Object.keys({ ...body, ...files }).flatMap((field) => {
    const value = body[field];
    if (Array.isArray(value)) return value.map((item) => `${field}[]=${item}`);
    if (!files[field]) return `${field}=${value}`;
    const { name, type, size } = files[field];
    return `${field}=@${name};type=${type} (${size} bytes)`;
  });
  return lines.map((line) => line.replaceAll('\n', ' ')).join('\n');
}
