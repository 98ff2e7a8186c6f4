// The options of a call as JSON text for the addon.
//
// In two ways the text of a writer is not that of JSON.stringify. A long text crosses next to it, because copying
// is much quicker than escaping; `-0` is in its place, which JavaScript writes no number as. And what JSON cannot
// hold becomes an object with words for it, so that a field that is used can say what it got.

// V8 calls into Node to find a global of a vm context, so what each query needs of them is found once.
const { isArray } = Array;
const { isFinite: isFiniteNumber, isSafeInteger } = Number;
const { stringify } = JSON;
const { keys } = Object;
const { toString: tagOf } = Object.prototype;

/** Longer texts cross next to the JSON, because copying them is then quicker than escaping them; in characters. */
const MAX_INLINE_CHARS = 1 << 12;
/** Writing pauses after so many characters, and what is written without a pause crosses at once. */
const MAX_PIECE_CHARS = 1 << 18;
/** What a value takes of a piece, besides its text. */
const VALUE_CHARS = 32;
const MANY_NAMES = 1000;
/** Options that are nested deeper are not written at once. */
const MAX_PLAIN_DEPTH = 16;

/** What JSON cannot hold, in words that follow "got". */
class Unusable {
  constructor(words) {
    this.words = words;
  }
}
const BINARY = new Unusable('binary data; pass it as base64 text');
/** In place of what a getter or a proxy throws for. */
const UNREADABLE = Symbol('a value that cannot be read');

/**
 * Thrown where options exceed a limit: `values`, `bytes` or `depth` in a field, or `seconds`. The addon takes its
 * JSON for options.
 */
class Excess {
  constructor(limit, at) {
    this.limit = limit;
    this.at = at;
  }
}

/**
 * Creates a function that lists the names of an object. It lists many names only once, because V8 takes up to half
 * a second for a million, and nothing tells their number before.
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

/** The JSON of options that are small and nothing but JSON, as almost all are; else `undefined`. */
function plainJson(options, namesOf) {
  let charsLeft = MAX_PIECE_CHARS;

  function isPlain(value, depth) {
    charsLeft -= VALUE_CHARS;
    switch (typeof value) {
      case 'string':
        charsLeft -= value.length;
        return value.length <= MAX_INLINE_CHARS;
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
    // What cannot be read is for the writer, which can say where it is.
    return undefined;
  }
}

/** Writes `options`, those of the data source and of the query, as one array. */
function writerOf(options, limits, namesOf) {
  let json = '';
  let texts = [];
  let charsLeft = MAX_PIECE_CHARS;
  let values = 0;
  /** The option that is being written, for errors. */
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

  /** Writes a value, unless it is an object. */
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
    // Before it is walked through: an array may have any length, and nothing in it.
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
    /** Writes on to the end or to a pause, and returns whether it is the end. */
    advance: () => parts.next().done,
    /** What was written since the last time. */
    take() {
      const piece = { json, texts };
      json = '';
      texts = [];
      charsLeft = MAX_PIECE_CHARS;
      return piece;
    },
    /** The values so far, weighed. */
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

/** What an object is to JSON: a list, an object with members, a scalar, or words for what it cannot hold. */
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

/** Such as `Date`, from whatever realm. */
function kindOf(object) {
  return tagOf.call(object).slice('[object '.length, -1);
}

module.exports = { Excess, member, namesOnce, plainJson, writerOf };
