// The two lists a reader judges by, read and verified: who signs (trust list), and the state of
// licences (IETF Token Status List, two bits an entry). Python: signing/passes/readerlist.py, statuslist.py.

import { Malformed } from './bytes.js';
import { decode } from './cbor.js';
import { parse, signerOf } from './cose.js';

const SIGNERS_TYPE = 'application/vnd.yunjian.signers+cbor';
const STATUS_TYPE = 'application/statuslist+cwt';
const LARGEST = 2 ** 20;
const BITS = 2;

/** A list that is not signed by whom we know, or is older than the one at hand. */
export class Refused extends Error {}

/**
 * Read a trust list. `before` is the list that was taken last ({ sequence, signers }) or null: then
 * the list is taken on its word, once, at the time the counter is enrolled.
 * Gives { sequence, issuedAt, expiresAt, signers }.
 */
export async function readSigners(bytes, before) {
  const { message, claims } = open(bytes, SIGNERS_TYPE);
  const list = {
    sequence: whole(claims.get(2)),
    issuedAt: whole(claims.get(6)),
    expiresAt: whole(claims.get(4)),
    signers: readAll(claims.get(1)),
  };
  const judges = listSigners((before ?? list).signers);
  if (!(await isSigned(message, judges, list.issuedAt))) {
    throw new Refused('the trust list is not signed by whom we know');
  }
  if (before && list.sequence < before.sequence) {
    throw new Refused('a trust list older than the one at hand');
  }
  return list;
}

function readAll(entries) {
  need(Array.isArray(entries));
  return entries.map((entry) => {
    need(entry instanceof Map && entry.size === 10 && Array.isArray(entry.get(4)));
    return {
      keyId: entry.get(0),
      algorithm: entry.get(1),
      point: entry.get(2),
      name: entry.get(3),
      uses: entry.get(4),
      from: whole(entry.get(5)),
      to: whole(entry.get(6)),
      state: whole(entry.get(7)),
      revokedAt: entry.get(8) === null ? null : whole(entry.get(8)),
    };
  });
}

const listSigners = (signers) => signers.filter(({ uses }) => uses.includes('lists'));

/** The signers that may sign passes. */
export const passSigners = (signers) => signers.filter(({ uses }) => uses.includes('passes'));

/** Read a status list signed by one of `signers`: { number, issuedAt, expiresAt, ttl, size, packed }. */
export async function readStatusList(bytes, signers) {
  const { message, claims } = open(bytes, STATUS_TYPE);
  const issuedAt = whole(claims.get(6));
  if (!(await isSigned(message, listSigners(signers), issuedAt))) {
    throw new Refused('the status list is not signed by whom we know');
  }
  const uri = claims.get(2);
  const content = claims.get(65533);
  need(typeof uri === 'string' && content instanceof Map && content.get('bits') === BITS);
  const packed = await unpack(content.get('lst'));
  return {
    number: Number(/\/(\d{1,9})$/.exec(uri)?.[1] ?? -1),
    issuedAt,
    expiresAt: claims.has(4) ? whole(claims.get(4)) : null,
    ttl: claims.has(65534) ? whole(claims.get(65534)) : null,
    size: (packed.length * 8) / BITS,
    packed,
  };
}

/** The status list with the way to ask it. */
export function askable(list) {
  return { ...list, entry: (index) => (list.packed[index >> 2] >> ((index & 3) * BITS)) & 3 };
}

async function isSigned(message, signers, issuedAt) {
  const signer = await signerOf(message, signers);
  const revoked = signer && signer.state !== 0 && !(signer.state === 1 && signer.revokedAt > issuedAt);
  return Boolean(signer) && !revoked && signer.from <= issuedAt && issuedAt <= signer.to;
}

function open(bytes, contentType) {
  if (bytes.length > LARGEST) {
    throw new Malformed('a list of more than 1 MiB');
  }
  const message = parse(bytes);
  const claims = decode(message.payload);
  need(message.contentType === contentType && claims instanceof Map);
  return { message, claims };
}

async function unpack(packed) {
  need(packed instanceof Uint8Array);
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
    const content = new Uint8Array(await new Response(stream).arrayBuffer());
    need(content.length > 0 && content.length <= LARGEST);
    return content;
  } catch (problem) {
    throw problem instanceof Malformed ? problem : new Malformed('the list does not unpack');
  }
}

function whole(value) {
  need(Number.isInteger(value) && value >= 0);
  return value;
}

function need(condition) {
  if (!condition) {
    throw new Malformed('a list of another shape');
  }
}
