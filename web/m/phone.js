// The phone's side of offline passes: a key that never leaves it, passes it keeps, a new proof
// whenever the code is shown. Everything after `fetchPass` works without network.

import { base64url, fromBase64 } from '../kit/bytes.js';
import { post, put } from '../kit/api.js';
import { encode, proofMessage } from '../kit/pass.js';
import { clear, load, remove, save } from '../kit/store.js';

const KEYS = 'keys';
const PHONE = 'phone';
const PASSES = 'passes';
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };

/** A proof is renewed this often; it is good for twice as long. */
export const RENEW_SECONDS = 30;

/** The phone's key pair, made at the first use; null where the browser cannot keep one. */
async function phoneKey() {
  try {
    const kept = await load(KEYS, PHONE);
    if (kept) {
      return kept;
    }
    const fresh = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
    await save(KEYS, PHONE, fresh);
    return fresh;
  } catch {
    return null;
  }
}

/** Have a pass made with these fields and keep it; gives what is kept. Needs network. */
export async function fetchPass(licence, fields) {
  const keys = await phoneKey();
  if (keys) {
    const point = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
    await put('/api/citizen/phone-key', { public_key: base64url(point) });
  }
  const answer = await post(`/api/citizen/licences/${licence.id}/passes`, {
    fields,
    bound: Boolean(keys),
  });
  const kept = {
    name: licence.name,
    pass: fromBase64(answer.data),
    text: answer.text,
    expiresAt: Date.parse(answer.expires_at),
    fields: answer.fields,
  };
  await save(PASSES, licence.id, kept).catch(() => undefined);
  return kept;
}

/** The pass of a licence kept on this phone, or null. */
export const keptPass = async (licenceId) => (await load(PASSES, licenceId).catch(() => undefined)) ?? null;

export const dropPass = (licenceId) => remove(PASSES, licenceId);

/** Nobody is signed in any more: the passes and the key go. */
export async function forgetPasses() {
  await clear(PASSES).catch(() => undefined);
  await remove(KEYS, PHONE).catch(() => undefined);
}

/** The text to show at this moment, with a fresh proof by the phone's key. */
export async function showPass(kept, at = Date.now()) {
  if (kept.text) {
    return kept.text;
  }
  const keys = await load(KEYS, PHONE);
  const shownAt = Math.floor(at / 1000);
  const message = await proofMessage(kept.pass, shownAt);
  const proof = await crypto.subtle.sign(SIGNING, keys.privateKey, message);
  return encode(kept.pass, shownAt, new Uint8Array(proof));
}
