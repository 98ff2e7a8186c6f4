// Calls of the addon: passes options in and outcomes out. Both are usually small and passed at
// once.
//
// Large ones are passed in pieces, each in a separate turn of the event loop, because the queries
// of all users run on this thread. Large options are measured first, and passed once the addon has
// memory for them.

const { Buffer } = require('buffer');
const { setImmediate } = require('timers');
const { Excess, member, namesOnce, plainJson, writerOf } = require('./options');

/** A longer string is passed in parts of this length. */
const MAX_PART_CHARS = 1 << 20;
/** The options of data source and query that set the deadline. */
const TIMEOUTS = ['timeout_seconds', 'query_timeout'];
const WRITABLE = { configurable: true, enumerable: true, writable: true };

function callsOf(binding) {
  const limits = binding.limits();
  let lastTurn = Promise.resolve();

  /** Resolves in a later turn of the event loop, a separate one for each caller. */
  function turn() {
    lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return lastTurn;
  }

  function call(method, options) {
    const namesOf = namesOnce();
    const json = plainJson(options, namesOf);
    if (json === undefined) return written(method, options, namesOf);
    return binding[method](json, undefined, baseUrlOf(options[0]));
  }

  async function written(method, options, namesOf) {
    const writer = writerOf(options, limits, namesOf);
    try {
      if (!writer.advance()) return await writtenInPieces(method, options, namesOf, writer);
    } catch (error) {
      if (!(error instanceof Excess)) throw error;
      return binding[method](JSON.stringify(error));
    }
    const { json, texts } = writer.take();
    return binding[method](json, texts);
  }

  async function writtenInPieces(method, options, namesOf, measuring) {
    const began = process.uptime();
    const seconds = binding.timeoutSeconds(timeoutsOf(options));
    const waited = () => process.uptime() - began;
    const nextTurn = async () => {
      await turn();
      if (waited() > seconds) throw new Excess('seconds', seconds);
    };

    let bytes = 0;
    for (let isDone = false; ; isDone = measuring.advance()) {
      await nextTurn();
      const { json, texts } = measuring.take();
      bytes += Buffer.byteLength(json);
      for (const part of partsOf(texts)) {
        if (!part.isFirst) await nextTurn();
        bytes += Buffer.byteLength(part.text);
      }
      if (bytes > limits.maxBytes) throw measuring.excess('bytes');
      if (isDone) break;
    }

    const memory = bytes + measuring.values() * limits.valueBytes;
    const admitted = await binding.admit(method === 'testConnection', memory, seconds - waited());
    if (admitted.options === undefined) return admitted;

    const writer = writerOf(options, limits, namesOf);
    for (let isDone = false; !isDone; ) {
      await nextTurn();
      isDone = writer.advance();
      const { json, texts } = writer.take();
      binding.addJson(admitted.options, json);
      for (const { text, isFirst } of partsOf(texts)) {
        if (!isFirst) await nextTurn();
        binding.addText(admitted.options, text, isFirst);
      }
    }
    return binding.startLarge(admitted.options, waited());
  }

  /** The options that set the deadline, as JSON. */
  function timeoutsOf(options) {
    const writer = writerOf(
      options.map((each, at) => ({ [TIMEOUTS[at]]: member(each, TIMEOUTS[at]) })),
      limits,
      Object.keys,
    );
    return writer.advance() ? writer.take().json : '[]';
  }

  /** Assembles the outcome that a call returned as `parts`. */
  async function assembled(parts) {
    const containers = [];
    let last;
    for (;;) {
      await turn();
      const slices = binding.nextSlices(parts);
      if (slices.length === 0) return containers[last];
      for (const [container, added, ...replaced] of slices) {
        for (let at = 0; at < replaced.length; at += 2) {
          added[replaced[at]] = containers[replaced[at + 1]];
        }
        containers[container] = joined(containers[container], added);
        last = container;
      }
    }
  }

  return {
    run: (sourceOptions, queryOptions) => call('run', [sourceOptions, queryOptions]),
    testConnection: (sourceOptions) => call('testConnection', [sourceOptions]),
    assembled,
  };
}

/** The base URL as entered, by which the addon finds its server's thread. */
function baseUrlOf(sourceOptions) {
  const baseUrl = sourceOptions?.base_url;
  return typeof baseUrl === 'string' ? baseUrl : undefined;
}

/** Splits strings into parts without copying them all at once. */
function* partsOf(texts) {
  for (const text of texts) {
    for (let start = 0; start < text.length; ) {
      let end = start + MAX_PART_CHARS;
      const last = text.charCodeAt(end - 1);
      if (last >= 0xd800 && last < 0xdc00) end += 1; // keep a surrogate pair together
      yield { text: text.slice(start, end), isFirst: start === 0 };
      start = end;
    }
  }
}

function joined(container, added) {
  if (container === undefined) return added;
  if (typeof container === 'string') return container + added;
  if (Array.isArray(container)) {
    for (const item of added) container.push(item);
    return container;
  }
  for (const name of Object.keys(added)) {
    const value = added[name];
    // Assigning to this name would set the prototype.
    if (name !== '__proto__') container[name] = value;
    else Object.defineProperty(container, name, { ...WRITABLE, value });
  }
  return container;
}

module.exports = callsOf;
