// A CA for one run: it signs the certificates with which the recorder speaks TLS in place of the
// API. Its key stays in memory, and only the process that runs the plugin behind the recorder
// trusts it.

import net from 'node:net';
import tls from 'node:tls';
import { generate } from 'selfsigned';

const named = (value) => [{ name: 'commonName', value }];
const KEY = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' };

export async function createCa() {
  const ca = await generate(named('tooljet-openai playground'), {
    ...KEY,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const contexts = new Map();

  async function createContext(host) {
    const altName = net.isIP(host) ? { type: 7, ip: host } : { type: 2, value: host };
    const { private: key, cert } = await generate(named('recorder'), {
      ...KEY,
      ca: { key: ca.private, cert: ca.cert },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: [altName] },
      ],
    });
    return tls.createSecureContext({ key, cert });
  }

  return {
    certificate: ca.cert,
    /** Resolves to the secure context of a TLS server named `host`. */
    contextFor(host) {
      if (!contexts.has(host)) contexts.set(host, createContext(host));
      return contexts.get(host);
    },
  };
}
