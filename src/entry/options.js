// Writes the options of a call as JSON text for the addon.
//
// The text differs from JSON.stringify in two ways. Long strings are passed next to it, because
// copying is much faster than escaping; `-0`, which JavaScript never writes, takes their place. And
// a value that JSON cannot express becomes an object that describes it, so that a field can say
// what it got.

// In a vm context, V8 calls into Node for each global, so these are looked up only once.
const { isArray } = Array;
const { isFinite: isFiniteNumber, isSafeInteger } = Number;
const { stringify } = JSON;
const { keys } = Object;
const { toString: tagOf } = Object.prototype;

/**
 * Longer strings are passed next to the JSON, because copying is then faster than escaping; in
 * characters. Measured with the 1,000 prompts of `npm run bench -- --list`: half the time.
 */
const MAX_INLINE_CHARS = 1 << 9;
/** Options with a longer string are not written at once. */
const MAX_PLAIN_CHARS = 1 << 12;
/** Writing pauses after this many characters; text written without a pause is passed at once. */
const MAX_PIECE_CHARS = 1 << 18;
/** Size that a value adds to a piece, in addition to its text. */
const VALUE_CHARS = 32;
const MANY_NAMES = 1000;
/** Options nested deeper are not written at once. */
const MAX_PLAIN_DEPTH = 16;

/** Describes a value that JSON cannot express, in words that follow "got". */
class Unusable {
  constructor(words) {
    this.words = words;
  }
}
const BINARY = new Unusable('binary data; pass it as base64 text');
/** Replaces a value whose getter or proxy throws. */
const UNREADABLE = Symbol('a value that cannot be read');

/**
 * Thrown if options exceed a limit: `values`, `bytes` or `depth` in a field, or `seconds`. Its JSON
 * is passed to the addon in place of options.
 */
class Excess {
  constructor(limit, at) {
    this.limit = limit;
    this.at = at;
  }
}

/**
 * Creates a function that lists an object's names. It lists many names only once, because V8 takes
 * up to half a second for a million, and their number is unknown beforehand.
 */
function namesOnce() {
  let known;
  return (object) => {
    const before = known?.get(object);
    if (before !== undefined) return before;
    const names = keys(object);
    if (names.length > MANY_NAMES) known = (known ?? new Map()).set(object, names);
    return names;
  };
}

/** The JSON of small, plain options, as almost all are; otherwise `undefined`. */
function plainJson(options, namesOf) {
  let charsLeft = MAX_PIECE_CHARS;

  function isPlain(value, depth) {
    charsLeft -= VALUE_CHARS;
    switch (typeof value) {
      case 'string':
        charsLeft -= value.length;
        return value.length <= MAX_PLAIN_CHARS;
      case 'number':
        return isFiniteNumber(value);
      case 'boolean':
      case 'undefined':
        return true;
      case 'object':
        return value === null || (depth < MAX_PLAIN_DEPTH && isPlainObject(value, depth + 1));
      default:
        return false;
    }
  }

  function isPlainObject(object, depth) {
    if (typeof object.toJSON === 'function') return false;
    if (isArray(object)) {
      if (object.length * VALUE_CHARS > charsLeft) return false;
      for (let at = 0; at < object.length; at += 1) {
        if (!isPlain(object[at], depth)) return false;
      }
      return charsLeft >= 0;
    }
    if (kindOf(object) !== 'Object') return false;
    for (const name of namesOf(object)) {
      charsLeft -= name.length;
      if (charsLeft < 0 || !isPlain(object[name], depth)) return false;
    }
    return true;
  }

  try {
    return isPlain(options, 0) ? stringify(options) : undefined;
  } catch (_) {
    // Left to the writer, which can tell where it is.
    return undefined;
  }
}

/** Writes `options`, those of the data source and the query, as one array. */
function writerOf(options, limits, namesOf) {
  let json = '';
  let texts = [];
  let charsLeft = MAX_PIECE_CHARS;
  let values = 0;
  /** The option being written, for errors. */
  let field;

  function* write() {
    count(limits.containerWeight);
    json += '[';
    for (let at = 0; at < options.length; at += 1) {
      if (at > 0) json += ',';
      field = at === 0 ? 'sourceOptions' : 'queryOptions';
      if (!isWritten(options[at])) yield* writeObject(options[at], 0);
    }
    json += ']';
  }

  /** Writes a value unless it is an object. */
  function isWritten(value) {
    count(1);
    const text = scalar(value);
    if (text === undefined) return false;
    json += text;
    return true;
  }

  /** The JSON of a value that is not an object. */
  function scalar(value) {
    switch (typeof value) {
      case 'string':
        charsLeft -= value.length;
        if (value.length <= MAX_INLINE_CHARS) return stringify(value);
        texts.push(value);
        return '-0';
      case 'number':
        return isFiniteNumber(value) ? `${value}` : unusable(`${value}`);
      case 'bigint':
        return isSafeInteger(Number(value)) ? `${value}` : unusable('a BigInt beyond 2^53');
      case 'boolean':
        return `${value}`;
      case 'undefined':
        return 'null';
      case 'object':
        return value === null ? 'null' : undefined;
      case 'symbol':
        return unusable(value === UNREADABLE ? value.description : 'a symbol');
      default:
        return unusable(`a ${typeof value}`);
    }
  }

  function* writeObject(object, depth) {
    const { words, scalar: single, list, length, members, names } = readObject(object, namesOf);
    if (words !== undefined) {
      json += unusable(words);
    } else if (list === undefined && members === undefined) {
      isWritten(single);
    } else {
      if (depth > limits.maxDepth) throw new Excess('depth', field);
      count(limits.containerWeight - 1);
      if (members === undefined) yield* writeList(list, length, depth);
      else yield* writeMembers(members, names, depth);
    }
  }

  function* writeList(list, length, depth) {
    // Check before iterating: an array may have any length and no elements.
    if (length > limits.maxValues - values) throw new Excess('values', field);
    json += '[';
    for (let at = 0; at < length; at += 1) {
      if (at > 0) json += ',';
      const value = member(list, at);
      if (!isWritten(value)) yield* writeObject(value, depth + 1);
      if (charsLeft < 0) yield;
    }
    json += ']';
  }

  function* writeMembers(object, names, depth) {
    json += '{';
    let comma = '';
    for (const name of names) {
      if (depth === 0) field = name;
      const value = member(object, name);
      count(1);
      if (value !== undefined) {
        charsLeft -= name.length;
        json += `${comma}${stringify(name)}:`;
        comma = ',';
        if (!isWritten(value)) yield* writeObject(value, depth + 1);
      }
      if (charsLeft < 0) yield;
    }
    json += '}';
  }

  function count(weight) {
    values += weight;
    charsLeft -= VALUE_CHARS;
    if (values > limits.maxValues) throw new Excess('values', field);
  }

  const parts = write();
  return {
    /** Writes until the end or a pause, and returns whether it reached the end. */
    advance: () => parts.next().done,
    /** Takes the text written since the last call. */
    take() {
      const piece = { json, texts };
      json = '';
      texts = [];
      charsLeft = MAX_PIECE_CHARS;
      return piece;
    },
    /** The number of values so far, weighted. */
    values: () => values,
    excess: (limit) => new Excess(limit, field),
  };
}

const unusable = (words) => `{"\\u0000unusable":${stringify(words)}}`;

function member(object, name) {
  try {
    return object[name];
  } catch (_) {
    return UNREADABLE;
  }
}

/**
 * An object as JSON sees it: a list, an object with members, a scalar, or a description of what it
 * cannot express.
 */
function readObject(object, namesOf) {
  try {
    const meant = meaning(object);
    if (meant instanceof Unusable) return meant;
    if (typeof meant !== 'object' || meant === null) return { scalar: meant };
    if (isArray(meant)) return { list: meant, length: meant.length };
    return { members: meant, names: namesOf(meant) };
  } catch (_) {
    return { scalar: UNREADABLE };
  }
}

function meaning(object) {
  if (ArrayBuffer.isView(object)) return BINARY;
  if (typeof object.toJSON !== 'function') return contents(object);
  const json = object.toJSON('');
  if (json === null && kindOf(object) === 'Date') return new Unusable('an invalid date');
  return typeof json === 'object' && json !== null ? contents(json) : json;
}

function contents(object) {
  if (isArray(object)) return object;
  const kind = kindOf(object);
  switch (kind) {
    case 'Object':
      return object;
    case 'String':
    case 'Number':
    case 'Boolean':
    case 'BigInt':
      return object.valueOf();
    case 'ArrayBuffer':
    case 'SharedArrayBuffer':
    case 'Blob':
    case 'File':
      return BINARY;
    default:
      return new Unusable(`${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`);
  }
}

/** The name of its class, such as `Date`, from any realm. */
function kindOf(object) {
  return tagOf.call(object).slice('[object '.length, -1);
}

module.exports = { Excess, member, namesOnce, plainJson, writerOf };
