// Every attack, in the order of its name. An attack is a record:
//   name, about      what `--only` and the table show
//   size, short      how large it is, and in the short form
//   serve(size)      of the attacker's server: gives a function of request and body to a response
//   serveSocket(size)  in its place, a function of each connection
//   queries({ url, urls, size, deadline })  pairs of source and query options, or functions that make one;
//                    made before anything is measured
// and where it differs: `lanes` (queries at a time; all of them), `once` (not again and again),
// `endless` (the queries are not waited for), `run` (asks them itself), `descriptors` (most of the
// process), `addresses` (the server listens on `size` of them), `freezes` (it then stands still),
// `silentResolver`, `isSlowToParse` (ToolJet's server stands still at least as long, before any plugin is asked).

import { OPTION_ATTACKS } from './kinds/options.mjs';
import { RESPONSE_ATTACKS } from './kinds/responses.mjs';
import { SOCKET_ATTACKS } from './kinds/sockets.mjs';

/** What the metrics of all others are to be compared with. */
const NOTHING = {
  name: '0-nothing',
  about: 'no attack: what the measurement itself costs',
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
