// Offline licence passes: what the phone shows and what a reader reads.
//
//   envelope = [ pass, t, proof ]   bound to a phone; a new proof every 30 seconds
//            | [ pass ]             unbound, five minutes at most
//
// The text is `EL1:` and the envelope in base45. The Python side is signing/passes/passes.py.

import { Malformed, concat, fromBase45, sha256, toBase45 } from './bytes.js';
import { decode as decodeCbor, encode as encodeCbor } from './cbor.js';
import { parse, verifyP256 } from './cose.js';

export const PREFIX = 'EL1:';
const LARGEST_ENVELOPE = 1200;
const DAYS_MOST = 200000;

/** A text that does not begin as a pass at all. */
export class Foreign extends Malformed {}

/** What the phone signs with its own key when it shows the pass at this Unix second. */
export async function proofMessage(pass, shownAt) {
  return encodeCbor(['EL1', await sha256(pass), shownAt]);
}

/** The text of the code; without `shownAt` and `proof` that of an unbound pass. */
export function encode(pass, shownAt, proof) {
  const parts = proof ? [pass, shownAt, proof] : [pass];
  return PREFIX + toBase45(encodeCbor(parts));
}

/** Read a code; nothing in it is verified yet. Throws Foreign or Malformed. */
export function decode(text) {
  if (!text.startsWith(PREFIX)) {
    throw new Foreign('not an offline pass');
  }
  if (text.length > LARGEST_ENVELOPE * 2) {
    throw new Malformed('more text than any pass has');
  }
  const bytes = fromBase45(text.slice(PREFIX.length));
  if (bytes.length > LARGEST_ENVELOPE) {
    throw new Malformed('more bytes than any pass has');
  }
  const parts = decodeCbor(bytes);
  need(Array.isArray(parts) && [1, 3].includes(parts.length) && isBytes(parts[0]));
  const [pass, shownAt = null, proof = null] = parts;
  if (parts.length === 3) {
    whole(shownAt, 2 ** 40);
    sized(proof, 64);
  }
  const message = parse(pass);
  need(message.contentType === '');
  return { pass, shownAt, proof, message, claims: readClaims(message.payload) };
}

/** What a reader remembers for three minutes: the pass and the moment it was shown. */
export function replayKey({ claims, shownAt }) {
  const moment = new DataView(new ArrayBuffer(8));
  moment.setBigUint64(0, BigInt(shownAt ?? 0));
  return concat(claims.id, new Uint8Array(moment.buffer));
}

/** Whether the phone's proof is right for this pass and moment; its age is not judged. */
export async function proofHolds({ claims, pass, shownAt, proof }) {
  if (!claims.phoneKey || !proof) {
    return false;
  }
  return verifyP256(claims.phoneKey, await proofMessage(pass, shownAt), proof);
}

const CLAIMS = [4, 6, 7, -70001, -70002];
const PHONE_KEY = -70003;

function readClaims(payload) {
  const claims = decodeCbor(payload);
  need(claims instanceof Map && CLAIMS.every((key) => claims.has(key)));
  need(claims.size === CLAIMS.length + (claims.has(PHONE_KEY) ? 1 : 0));
  const status = claims.get(-70001);
  need(Array.isArray(status) && status.length === 2);
  return {
    id: sized(claims.get(7), 8),
    issuedAt: whole(claims.get(6), 2 ** 36),
    expiresAt: whole(claims.get(4), 2 ** 36),
    list: whole(status[0], 2 ** 32),
    index: whole(status[1], 2 ** 32),
    licence: readLicence(claims.get(-70002)),
    phoneKey: claims.has(PHONE_KEY) ? sized(claims.get(PHONE_KEY), 33) : null,
  };
}

function readLicence(value) {
  need(value instanceof Map && value.size === 7);
  need([0, 1, 2, 3, 4, 5, 6].every((key) => value.has(key)));
  const fields = value.get(6);
  need(fields instanceof Map);
  fields.forEach((held, key) => {
    shortText(key);
    shortText(held);
  });
  const days = value.get(3);
  return {
    type: shortText(value.get(0)),
    number: shortText(value.get(1)),
    holder: shortText(value.get(2)),
    validUntil: days === null ? null : whole(days, DAYS_MOST),
    version: whole(value.get(4), 2 ** 16),
    identifierDigest: sized(value.get(5), 8),
    fields: [...fields],
  };
}

const isBytes = (value) => value instanceof Uint8Array;

function need(condition) {
  if (!condition) {
    throw new Malformed('a pass of another shape');
  }
}

function whole(value, limit) {
  need(Number.isInteger(value) && value >= 0 && value < limit);
  return value;
}

function sized(value, size) {
  need(isBytes(value) && value.length === size);
  return value;
}

function shortText(value) {
  need(typeof value === 'string' && [...value].length <= 200);
  return value;
}
