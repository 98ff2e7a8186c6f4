// All attacks, in order of name. An attack is a record:
//   name, about      shown by `--only` and the table
//   size, short      its size, and its size in the short form
//   serve(size)      the attacker's server: returns a function from request and body to response
//   serveSocket(size)  instead of `serve`: returns a function of each connection
//   queries({ url, urls, size, deadline })  pairs of source and query options, or functions that
//                    make one; called before the measurement starts
// and optionally: `lanes` (concurrent queries; default: all), `once` (do not repeat), `endless` (do
// not wait for the queries), `run` (sends them itself), `descriptors` (limit for the process),
// `addresses` (number of addresses that the server listens on), `freezes` (the server then stops
// responding), `silentResolver`, `isSlowToParse` (ToolJet's server is blocked for at least as long
// before it calls any plugin).

import { OPTION_ATTACKS } from './kinds/options.mjs';
import { RESPONSE_ATTACKS } from './kinds/responses.mjs';
import { SOCKET_ATTACKS } from './kinds/sockets.mjs';

/** The baseline for all other metrics. */
const NOTHING = {
  name: '0-nothing',
  about: 'no attack: the overhead of the measurement itself',
  size: 0,
  short: 0,
  serve: () => () => undefined,
  queries: () => [],
};

const leadingNumber = ({ name }) => Number.parseInt(name, 10);

export const ATTACKS = [NOTHING, ...OPTION_ATTACKS, ...RESPONSE_ATTACKS, ...SOCKET_ATTACKS].sort(
  (a, b) => leadingNumber(a) - leadingNumber(b) || a.name.localeCompare(b.name),
);

export const attackNamed = (wanted) => ATTACKS.find(({ name }) => name === wanted);
