const NEWLINE = 0x0a;

/** Yields the lines of a text that comes in pieces: its `text`, and the offsets at which it starts and ends. */
export async function* linesOf(pieces) {
  let held = Buffer.alloc(0);
  let start = 0;
  for await (const piece of pieces) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let from = 0;
    for (let at = held.indexOf(NEWLINE); at >= 0; at = held.indexOf(NEWLINE, from)) {
      yield { text: held.toString('utf8', from, at), start: start + from, end: start + at };
      from = at + 1;
    }
    held = held.subarray(from);
    start += from;
  }
  if (held.length > 0) yield { text: held.toString('utf8'), start, end: start + held.length };
}
