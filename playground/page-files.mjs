// The built page. It is small, so it is read once and served by exact path.

import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

// The page evaluates templates as JavaScript (unsafe-eval), as ToolJet does; code fields add styles
// (unsafe-inline); images are data URIs or come from an API's storage.
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: https: http://localhost:*",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `{path: {headers, body}}` for everything in `folder`; `/` is its index.html. */
export function readPage(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => extname(name) in TYPES);
  const files = Object.fromEntries(
    names.map((name) => {
      const headers = {
        'content-type': TYPES[extname(name)],
        'content-security-policy': POLICY,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      };
      return [`/${name.split(sep).join('/')}`, { headers, body: readFileSync(join(folder, name)) }];
    }),
  );
  return new Map(Object.entries({ ...files, '/': files['/index.html'] }));
}
