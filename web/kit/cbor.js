// Deterministic CBOR, read strictly: definite lengths, shortest heads, sorted keys, nothing twice.
// What is read here has exactly one spelling, so that no two byte strings say the same.

import { Malformed, concat, equal, utf8 } from './bytes.js';

const DEEPEST = 6;

/** A tagged value, such as a COSE_Sign1 (tag 18). */
export class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

/** The value of all the bytes: numbers, Uint8Array, text, arrays, Map, Tagged, true, false, null. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(1);
  if (reader.at !== bytes.length) {
    throw new Malformed('bytes after the end');
  }
  return value;
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  value(depth) {
    if (depth > DEEPEST) {
      throw new Malformed('too deep');
    }
    const [major, argument] = this.head();
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.take(argument);
      case 3:
        return this.text(argument);
      case 4:
        return this.list(argument, depth);
      case 5:
        return this.map(argument, depth);
      case 6:
        return new Tagged(argument, this.value(depth + 1));
      default:
        return simple(argument);
    }
  }

  head() {
    const [first] = this.take(1);
    const major = first >> 5;
    const short = first & 31;
    if (short < 24) {
      return [major, short];
    }
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[short];
    if (size === undefined || major === 7) {
      throw new Malformed('an indefinite length, a float, or a reserved head');
    }
    const argument = this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    const least = { 1: 24, 2: 2 ** 8, 4: 2 ** 16, 8: 2 ** 32 }[size];
    if (argument < least || argument > Number.MAX_SAFE_INTEGER) {
      throw new Malformed('a number not in its shortest form, or too large');
    }
    return [major, argument];
  }

  take(size) {
    if (size > this.bytes.length - this.at) {
      throw new Malformed('cut short');
    }
    this.at += size;
    return this.bytes.slice(this.at - size, this.at);
  }

  text(size) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.take(size));
    } catch (problem) {
      throw problem instanceof Malformed ? problem : new Malformed('not UTF-8');
    }
  }

  list(size, depth) {
    if (size > this.bytes.length) {
      throw new Malformed('cut short');
    }
    return Array.from({ length: size }, () => this.value(depth + 1));
  }

  map(size, depth) {
    if (size > this.bytes.length) {
      throw new Malformed('cut short');
    }
    const found = new Map();
    let before = null;
    for (let index = 0; index < size; index += 1) {
      const start = this.at;
      const key = this.value(depth + 1);
      const spelled = this.bytes.slice(start, this.at);
      if (before && !follows(spelled, before)) {
        throw new Malformed('a key twice, or keys not in their order');
      }
      before = spelled;
      found.set(key, this.value(depth + 1));
    }
    return found;
  }
}

/** Shorter keys first, equal lengths byte by byte (RFC 7049, section 3.9). */
function follows(key, before) {
  if (key.length !== before.length) {
    return key.length > before.length;
  }
  const index = key.findIndex((byte, place) => byte !== before[place]);
  return index >= 0 && key[index] > before[index];
}

function simple(argument) {
  const known = { 20: false, 21: true, 22: null };
  if (!(argument in known)) {
    throw new Malformed('a simple value that is not used here');
  }
  return known[argument];
}

/** Deterministic CBOR of whole numbers, Uint8Array, text, arrays, Map (keys sorted), Tagged, null. */
export function encode(value) {
  if (value === null) {
    return Uint8Array.of(0xf6);
  }
  if (typeof value === 'number') {
    return value < 0 ? head(1, -1 - value) : head(0, value);
  }
  if (typeof value === 'string') {
    const text = utf8(value);
    return concat(head(3, text.length), text);
  }
  if (value instanceof Uint8Array) {
    return concat(head(2, value.length), value);
  }
  if (Array.isArray(value)) {
    return concat(head(4, value.length), ...value.map(encode));
  }
  if (value instanceof Tagged) {
    return concat(head(6, value.tag), encode(value.value));
  }
  const pairs = [...value].map(([key, held]) => [encode(key), encode(held)]);
  pairs.sort(([one], [other]) => (equal(one, other) ? 0 : follows(one, other) ? 1 : -1));
  return concat(head(5, pairs.length), ...pairs.flat());
}

function head(major, argument) {
  if (argument < 24) {
    return Uint8Array.of((major << 5) | argument);
  }
  const size = argument < 2 ** 8 ? 1 : argument < 2 ** 16 ? 2 : argument < 2 ** 32 ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = (major << 5) | { 1: 24, 2: 25, 4: 26, 8: 27 }[size];
  for (let place = size, rest = argument; place > 0; place -= 1) {
    bytes[place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
