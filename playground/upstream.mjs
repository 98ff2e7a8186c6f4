// The recorder's connections to the real API.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

/** Less than the plugin waits itself, so that its own error can still follow soon. */
const CONNECT_TIMEOUT_MS = 5_000;

const PORTS = { 'http:': 80, 'https:': 443 };
const LOCAL_NAMES = ['localhost', 'ip6-localhost', 'ip6-loopback'];

// Where ToolJet's rules let no other name lead, which the plugin cannot see through a proxy.
const OWN_ADDRESSES = new net.BlockList();
OWN_ADDRESSES.addSubnet('127.0.0.0', 8);
OWN_ADDRESSES.addSubnet('169.254.0.0', 16);
OWN_ADDRESSES.addAddress('::1', 'ipv6');
OWN_ADDRESSES.addSubnet('fe80::', 10, 'ipv6');

/** The host of a URL without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }) => hostname.replace(/^\[|\]$/g, '');

/** Resolves to a connection that is ready for HTTP. */
export async function connect(url) {
  const host = hostOf(url);
  const target = { host, port: Number(url.port) || PORTS[url.protocol], noDelay: true };
  const isSecure = url.protocol === 'https:';
  const socket = isSecure
    ? tls.connect({
        ...target,
        servername: net.isIP(host) ? '' : host,
        ALPNProtocols: ['http/1.1'],
      })
    : net.connect(target);
  const giveUp = () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`));
  const timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
  try {
    await once(socket, isSecure ? 'secureConnect' : 'connect');
  } finally {
    clearTimeout(timer);
  }
  if (!net.isIP(host) && !LOCAL_NAMES.includes(host) && isOwn(socket)) {
    socket.destroy();
    throw new Error('its name leads to this machine');
  }
  return socket;
}

const isOwn = ({ remoteAddress, remoteFamily }) =>
  OWN_ADDRESSES.check(remoteAddress, remoteFamily.toLowerCase());
