// Bytes and their spellings: base45 (RFC 9285), base64, hexadecimal. Decoding is strict.

const BASE45 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/** What was shown cannot be read as what it claims to be. */
export class Malformed extends Error {}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

export const utf8 = (text) => new TextEncoder().encode(text);

export function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function base64(bytes) {
  let text = '';
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}

export const base64url = (bytes) => base64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export function toBase45(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const pair = at + 1 < bytes.length;
    const number = pair ? bytes[at] * 256 + bytes[at + 1] : bytes[at];
    text += BASE45[number % 45] + BASE45[Math.floor(number / 45) % 45];
    if (pair) {
      text += BASE45[Math.floor(number / 2025)];
    }
  }
  return text;
}

/** Throws Malformed for a foreign character, a lone one, or a group that is too large. */
export function fromBase45(text) {
  const values = [...text].map((letter) => BASE45.indexOf(letter));
  if (values.includes(-1) || values.length % 3 === 1) {
    throw new Malformed('not base45');
  }
  const bytes = [];
  for (let at = 0; at < values.length; at += 3) {
    const group = values.slice(at, at + 3);
    const number = group[0] + group[1] * 45 + (group[2] ?? 0) * 2025;
    const limit = group.length === 3 ? 0xffff : 0xff;
    if (number > limit) {
      throw new Malformed('a base45 group is too large');
    }
    bytes.push(...(group.length === 3 ? [number >> 8, number & 255] : [number]));
  }
  return Uint8Array.from(bytes);
}
