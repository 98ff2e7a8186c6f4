// Creates a CA for one run, and the certificate of the run's API.

import { writeFileSync } from 'node:fs';
import { generate } from 'selfsigned';

/** Writes the CA's certificate to `caFile`; returns the key and certificate of `localhost`. */
export async function createCertificates(caFile) {
  // P-256, as for api.openai.com.
  const curve = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' };
  const ca = await generate([{ name: 'commonName', value: 'tooljet-openai benchmark' }], {
    ...curve,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...curve,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  writeFileSync(caFile, ca.cert);
  return { key: server.private, cert: server.cert };
}
