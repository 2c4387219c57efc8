// COSE_Sign1 (RFC 9052) in the one shape used here: algorithm and key id protected, nothing else.

import { Malformed, equal } from './bytes.js';
import { Tagged, decode, encode } from './cbor.js';
import { verifySm2 } from './sm2.js';

export const ES256 = -7;
export const SM2 = -65602;

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const WITH_SHA256 = { name: 'ECDSA', hash: 'SHA-256' };

/** Read a tagged COSE_Sign1: { algorithm, keyId, contentType, payload, toSign, signature }. */
export function parse(bytes) {
  const tagged = decode(bytes);
  const parts = tagged instanceof Tagged && tagged.tag === 18 ? tagged.value : null;
  if (!Array.isArray(parts) || parts.length !== 4) {
    throw new Malformed('not a COSE_Sign1');
  }
  const [shielded, open, payload, signature] = parts;
  const binary = [shielded, payload, signature].every((part) => part instanceof Uint8Array);
  if (!binary || !(open instanceof Map) || open.size || signature.length !== 64) {
    throw new Malformed('a COSE_Sign1 of another shape');
  }
  return {
    ...readHeader(shielded),
    payload,
    signature,
    toSign: encode(['Signature1', shielded, new Uint8Array(), payload]),
  };
}

function readHeader(bytes) {
  const header = decode(bytes);
  const known = header instanceof Map && [...header.keys()].every((key) => [1, 4, 16].includes(key));
  const [algorithm, keyId] = known ? [header.get(1), header.get(4)] : [];
  const contentType = known ? (header.has(16) ? header.get(16) : '') : null;
  const shaped = Number.isInteger(algorithm) && keyId instanceof Uint8Array && keyId.length === 8;
  if (!shaped || typeof contentType !== 'string') {
    throw new Malformed('headers of another shape');
  }
  return { algorithm, keyId, contentType };
}

/**
 * Of `signers` ({ keyId, algorithm, point, … }) the one whose key made the signature.
 * Null when none did; undefined when nobody here has that key id or knows the algorithm.
 */
export async function signerOf(message, signers) {
  if (![ES256, SM2].includes(message.algorithm)) {
    return undefined;
  }
  const candidates = signers.filter((signer) => equal(signer.keyId, message.keyId));
  if (!candidates.length) {
    return undefined;
  }
  for (const signer of candidates) {
    if (signer.algorithm === message.algorithm && (await isSignedBy(signer, message))) {
      return signer;
    }
  }
  return null;
}

function isSignedBy({ algorithm, point }, { toSign, signature }) {
  if (algorithm === SM2) {
    return verifySm2(point, toSign, signature);
  }
  return verifyP256(point, toSign, signature);
}

/** P-256 with SHA-256; `point` has 65 or 33 bytes. False also for what is no key. */
export async function verifyP256(point, message, signature) {
  try {
    const key = await crypto.subtle.importKey('raw', unpacked(point), P256, false, ['verify']);
    return await crypto.subtle.verify(WITH_SHA256, key, signature, message);
  } catch {
    return false;
  }
}

const PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** The 65 bytes of a compressed point; not every browser imports 33. Throws for what is none. */
export function unpacked(point) {
  if (point.length === 65) {
    return point;
  }
  if (point.length !== 33 || (point[0] !== 2 && point[0] !== 3)) {
    throw new Malformed('not a compressed point');
  }
  const x = BigInt(`0x${[...point.subarray(1)].map(twoDigits).join('')}`);
  const square = ((((x * x - 3n) * x + B) % PRIME) + PRIME) % PRIME;
  let y = power(square, (PRIME + 1n) / 4n);
  if (x >= PRIME || (y * y) % PRIME !== square) {
    throw new Malformed('not on the curve');
  }
  if (Number(y & 1n) !== point[0] % 2) {
    y = PRIME - y;
  }
  const digits = y.toString(16).padStart(64, '0');
  const whole = new Uint8Array(65);
  whole.set(point.subarray(1), 1);
  whole[0] = 4;
  for (let index = 0; index < 32; index += 1) {
    whole[33 + index] = parseInt(digits.substr(index * 2, 2), 16);
  }
  return whole;
}

const twoDigits = (byte) => byte.toString(16).padStart(2, '0');

/**
 * @param {bigint} base
 * @param {bigint} exponent
 */
function power(base, exponent) {
  let result = 1n;
  for (let factor = base, rest = exponent; rest; rest >>= 1n) {
    if (rest & 1n) {
      result = (result * factor) % PRIME;
    }
    factor = (factor * factor) % PRIME;
  }
  return result;
}
