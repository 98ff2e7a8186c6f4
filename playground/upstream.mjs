// The recorder's connections to the real API.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

/** Less than the plugin's own timeout, so that its error can still follow soon. */
const CONNECT_TIMEOUT_MS = 5_000;

const PORTS = { 'http:': 80, 'https:': 443 };
const LOCAL_NAMES = ['localhost', 'ip6-localhost', 'ip6-loopback'];

// The addresses that src/network/ssrf.rs rejects in every edition, except local ones. The plugin
// cannot check them behind a proxy. An address that only this list rejects is simply not recorded.
const RESERVED_IPV4 = {
  '0.0.0.0': 8,
  '100.64.0.0': 10,
  '127.0.0.0': 8,
  '169.254.0.0': 16,
  '192.0.0.0': 24,
  '224.0.0.0': 3,
};
/** Teredo, 6to4, link-local, multicast and AWS's metadata service. */
const RESERVED_IPV6 = {
  '2001::': 32,
  '2002::': 16,
  'fe80::': 10,
  'ff00::': 8,
  'fd00:ec2::254': 128,
};
/** The prefixes of an IPv4 address: `::` itself, which includes `::1`, NAT64 and SIIT. */
const IPV6_PREFIXES = ['::', '64:ff9b::', '64:ff9b:1::', '::ffff:0:'];

const RESERVED = new net.BlockList();
for (const [address, bits] of Object.entries(RESERVED_IPV4)) {
  RESERVED.addSubnet(address, bits);
  for (const prefix of IPV6_PREFIXES) RESERVED.addSubnet(prefix + address, 96 + bits, 'ipv6');
}
for (const [address, bits] of Object.entries(RESERVED_IPV6)) {
  RESERVED.addSubnet(address, bits, 'ipv6');
}

/** The host of a URL without the brackets of an IPv6 address. */
export const readHost = ({ hostname }) => hostname.replace(/^\[|\]$/g, '');

/** Resolves to a connection that is ready for HTTP, unless `signal` is aborted first. */
export async function connect(url, signal) {
  const host = readHost(url);
  const target = { host, port: Number(url.port) || PORTS[url.protocol], noDelay: true };
  const isSecure = url.protocol === 'https:';
  const socket = isSecure
    ? tls.connect({
        ...target,
        servername: net.isIP(host) ? '' : host,
        ALPNProtocols: ['http/1.1'],
        // As in the plugin, regardless of NODE_TLS_REJECT_UNAUTHORIZED.
        rejectUnauthorized: true,
      })
    : net.connect(target);
  const giveUp = () =>
    socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`));
  const timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
  try {
    await once(socket, isSecure ? 'secureConnect' : 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  if (!net.isIP(host) && !LOCAL_NAMES.includes(host) && isReserved(socket.remoteAddress)) {
    socket.destroy();
    throw new Error('its name leads to a reserved address');
  }
  return socket;
}

export const isReserved = (address) => RESERVED.check(address, `ipv${net.isIP(address)}`);
