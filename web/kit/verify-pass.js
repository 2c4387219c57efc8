// Judge an offline pass in a fixed order, every failure with its own reason. What could not be
// checked is unknown, and unknown never adds up to valid. The Python side is signing/passes/verify.py;
// both are held to the vectors of tests/vectors/passes.

import { Malformed } from './bytes.js';
import { signerOf } from './cose.js';
import { Foreign, decode, proofHolds, replayKey } from './pass.js';

const SKEW = 60;
const PROOF_AGE = 60;
const LONGEST_UNBOUND = 300;
const DAY = 86400;
const CHINA = 8 * 3600;
const STATUS = ['status-valid', 'status-revoked', 'status-suspended', 'status-superseded'];
const REVOKED = 1;
const REFUSED = 2;
const UNSURE = 3;

/**
 * What was found in the text of a code at Unix second `at`: { found, claims, replayKey }.
 *
 * `signers` are those of the trust list; `lists` maps numbers to status lists ({ issuedAt,
 * expiresAt, size, entry(index) }); `seenBefore(key)` is asked once, about a code that has held so
 * far, and remembers it; `ageOf(type)` says in seconds how old a status list may be.
 * Each item of `found` is { code, asOf }, the code one of signing's findings.
 */
export async function verifyPass(text, { signers, lists, seenBefore, ageOf, at, refused }) {
  let offered;
  try {
    offered = decode(text);
  } catch (problem) {
    if (problem instanceof Malformed) {
      return { found: [{ code: problem instanceof Foreign ? 'pass-foreign' : 'pass-unreadable' }] };
    }
    throw problem;
  }
  const signer = await signerOf(offered.message, signers);
  if (!signer) {
    return { found: [{ code: signer === null ? 'pass-signature-bad' : 'pass-issuer-unknown' }] };
  }
  const { claims } = offered;
  const found = [
    { code: 'pass-signature-good' },
    ...certificate(signer, claims.issuedAt),
    { code: validity(claims, at) },
    { code: await proof(offered, at) },
  ];
  const key = replayKey(offered);
  if (!found.some(({ code }) => refused(code))) {
    found.push({ code: (await seenBefore(key)) ? 'replayed' : 'not-replayed' });
  }
  found.push(status(claims, lists, at, ageOf(claims.licence.type)), { code: ended(claims, at) });
  return { found, claims, replayKey: key };
}

function certificate(signer, usedAt) {
  const found = [];
  if (signer.state === REFUSED) {
    found.push({ code: 'certificate-refused' });
  } else if (usedAt < signer.from) {
    found.push({ code: 'certificate-not-yet' });
  } else if (usedAt > signer.to) {
    found.push({ code: 'certificate-expired' });
  } else {
    found.push({ code: 'certificate-good' });
  }
  if (signer.state === UNSURE) {
    found.push({ code: 'revocation-stale' });
  } else if (signer.state === REVOKED) {
    found.push({ code: signer.revokedAt > usedAt ? 'revoked-later' : 'revoked' });
  } else if (signer.state !== REFUSED) {
    found.push({ code: 'revocation-good' });
  }
  return found;
}

function validity({ issuedAt, expiresAt }, at) {
  if (at < issuedAt - SKEW) {
    return 'pass-not-yet';
  }
  return at > expiresAt + SKEW ? 'pass-expired' : 'pass-in-time';
}

/** A bound pass needs the phone's fresh proof; an unbound one must be short-lived. */
async function proof(offered, at) {
  const { claims } = offered;
  if (!claims.phoneKey) {
    if (offered.proof) {
      return 'proof-bad';
    }
    return claims.expiresAt - claims.issuedAt > LONGEST_UNBOUND ? 'unbound-long' : 'unbound';
  }
  if (!(await proofHolds(offered))) {
    return 'proof-bad';
  }
  return Math.abs(at - offered.shownAt) > PROOF_AGE ? 'proof-late' : 'proof-good';
}

/** Old evidence never turns a refusal into anything milder. */
function status({ list, index }, lists, at, age) {
  const token = lists.get(list);
  if (!token || index >= token.size) {
    return { code: 'status-absent' };
  }
  const value = token.entry(index);
  const outdated = token.expiresAt !== null && at > token.expiresAt;
  const old = value === 0 && (outdated || at - token.issuedAt > age);
  return { code: old ? 'status-old' : STATUS[value], asOf: token.issuedAt };
}

/** Days are China's days: a licence runs to the end of its last day there. */
function ended({ licence }, at) {
  const today = Math.floor((at + CHINA) / DAY);
  return licence.validUntil !== null && today > licence.validUntil ? 'licence-expired' : 'licence-in-time';
}

/** Verdict and reasons from the outcomes of checks, as signing and the wallet add them up. */
export function conclude(checks) {
  const reasons = (outcome) => [...new Set(checks.filter((one) => one.outcome === outcome).map((one) => one.reason))];
  const failed = reasons('fail');
  if (failed.length) {
    return { verdict: 'invalid', reasons: failed };
  }
  const unknown = reasons('unknown');
  if (unknown.length) {
    return { verdict: 'cannot_tell', reasons: unknown };
  }
  const passed = checks.some((one) => one.outcome === 'pass');
  return passed ? { verdict: 'valid', reasons: [] } : { verdict: 'cannot_tell', reasons: ['unsupported'] };
}
